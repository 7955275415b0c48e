"""Search hits: messages that were looked for, each with the places where its words stand."""

import msgspec

from chat_service.domain.events import MessageView, view
from chat_service.domain.messages import StoredMessage
from servicekit.text_matches import Match


class SearchHit(MessageView, frozen=True, kw_only=True):
    """`marks` are places in `message`: where each begins and how long it is, in code points."""

    marks: tuple[Match, ...] = ()


def hit(username: str, stored: StoredMessage, marks: tuple[Match, ...]) -> SearchHit:
    return SearchHit(**msgspec.structs.asdict(view(username, stored, {})), marks=marks)
