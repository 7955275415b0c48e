"""History: what was said in a conversation."""

from chat_service.domain import events
from chat_service.domain.conversations import Label
from chat_service.domain.history import Page
from chat_service.store.history import History as HistoryStore


class History:
    def __init__(self, store: HistoryStore) -> None:
        self._store = store

    async def read(self, username: str, label: Label, page: Page) -> list[events.MessageView]:
        """Oldest first. Raises NotAMember for a room that they are not in."""
        return [events.view(username, *item) for item in await self._store.read(username, label, page)]

    async def pins(self, username: str, label: Label) -> list[events.MessageView]:
        """The newest pin first. Raises NotAMember for a room that they are not in."""
        return [events.view(username, *item) for item in await self._store.pins(username, label)]

    async def replies(self, username: str, message_id: int, *, after: int, limit: int) -> list[events.MessageView]:
        """What answers a message, oldest first. Raises UnknownMessage where they are not in its conversation."""
        found = await self._store.replies(username, message_id, after=after, limit=limit)
        return [events.view(username, *item) for item in found]
