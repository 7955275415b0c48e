"""History: what was said in a conversation."""

import msgspec

from chat_service.domain import events
from chat_service.domain.conversations import Label
from chat_service.domain.refusals import NotAMember
from chat_service.store.conversations import Conversations


class Page(msgspec.Struct, frozen=True):
    """Which part of a history: at most `limit` messages before or after a message id."""

    before: int | None = None
    after: int | None = None
    limit: int = 50


class History:
    def __init__(self, store: Conversations) -> None:
        self._store = store

    async def read(self, username: str, label: Label, page: Page) -> list[events.MessageView]:
        """Oldest first. Raises NotAMember for a room that they are not in."""
        if label.is_room and not await self._store.is_member(username, label):
            raise NotAMember(label.text)
        found = await self._store.history(username, label, before=page.before, after=page.after, limit=page.limit)
        return [events.view(username, message, reactions) for message, reactions in found]
