"""Typing notices: that somebody is typing, told to those who are connected now, and kept nowhere."""

from collections.abc import Callable

from chat_service.domain import events
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import Envelope, RoomEnvelope, room_channel, to_person
from chat_service.domain.rates import PEOPLE_REMEMBERED_MAX
from chat_service.domain.readers import Reader
from chat_service.domain.refusals import NotAMember
from chat_service.feed import Feed

INTERVAL_S = 1.0


class TypingNotices:
    def __init__(self, *, feed: Feed, monotonic: Callable[[], float]) -> None:
        self._feed = feed
        self._monotonic = monotonic
        self._told_at_s: dict[tuple[str, Conversation], float] = {}

    def tell(self, reader: Reader, conversation: Conversation) -> None:
        """Tell the others, at most once in INTERVAL_S. Raises NotAMember."""
        if conversation.is_room and Label(conversation.name) not in reader.positions:
            raise NotAMember(conversation.name)
        key, now_s = (reader.username, conversation), self._monotonic()
        if now_s - self._told_at_s.get(key, float("-inf")) < INTERVAL_S:
            return
        self._feed.tell([_notice(reader.username, conversation)])
        self._told_at_s.pop(key, None)  # so that the one who typed longest ago comes first
        self._told_at_s[key] = now_s
        if len(self._told_at_s) > PEOPLE_REMEMBERED_MAX:
            del self._told_at_s[next(iter(self._told_at_s))]


def _notice(username: str, conversation: Conversation) -> Envelope:
    if conversation.is_room:
        label = Label(conversation.name)
        event = events.typing(label, username)
        return RoomEnvelope(channel=room_channel(label), label=label, author=username, event=event)
    label = Label.of_person(username)
    return to_person(conversation.other_than(username), label, event=events.typing(label, username))
