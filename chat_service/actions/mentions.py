"""Mentions: what was meant for somebody, wherever it was said."""

from chat_service.domain import events
from chat_service.store.mention_inbox import MentionInbox


class Mentions:
    def __init__(self, store: MentionInbox) -> None:
        self._store = store

    async def list_of(self, username: str, *, before: int | None, limit: int) -> list[events.MessageView]:
        """The newest first, older than the message id `before`."""
        found = await self._store.find(username, before=before, limit=limit)
        return [events.view(username, message, {}) for message in found]
