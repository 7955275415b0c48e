"""The inbox of mentions: what was meant for somebody, in all conversations that they are in."""

from chat_service.domain.messages import StoredMessage
from chat_service.store.rows import MESSAGE, SEQ_MAX, message_of
from servicekit.database import Connection, Database

_TO_PERSON = (
    "SELECT message_id FROM mentioned JOIN messages ON messages.id = message_id"
    " WHERE mentioned.username = ? AND message_id < ? AND deleted_at IS NULL"
    " AND EXISTS (SELECT 1 FROM memberships"
    "  WHERE memberships.username = mentioned.username"
    "  AND memberships.conversation_id = mentioned.conversation_id)"
    " ORDER BY message_id DESC LIMIT ?"
)
_ROOMS_WITH_ANY = (
    "SELECT conversation_id, coalesce(joined_seq, 0) FROM memberships WHERE username = ? AND EXISTS"
    " (SELECT 1 FROM messages WHERE messages.conversation_id = memberships.conversation_id AND mentions_room = 1)"
)
_TO_ALL_IN_ROOM = (
    "SELECT id FROM messages WHERE conversation_id = ? AND mentions_room = 1 AND seq >= ? AND id < ?"
    " AND deleted_at IS NULL AND sender_username <> ? ORDER BY seq DESC LIMIT ?"
)


class MentionInbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, username: str, *, before: int | None, limit: int) -> list[StoredMessage]:
        """The newest messages of others that name or answer the person, older than the message id `before`."""
        return await self._database.read(_find, username, SEQ_MAX if before is None else before, limit)


def _find(connection: Connection, username: str, before: int, limit: int) -> list[StoredMessage]:
    to_person = [message_id for (message_id,) in connection.execute(_TO_PERSON, (username, before, limit))]
    ids = sorted({*to_person, *_to_all(connection, username, before, limit)}, reverse=True)[:limit]
    if not ids:
        return []
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(f"SELECT {MESSAGE} FROM messages WHERE id IN ({marks}) ORDER BY id DESC", ids)
    return [message_of(row) for row in rows]


def _to_all(connection: Connection, username: str, before: int, limit: int) -> list[int]:
    """Room by room, from its newest on: at once, either all of them were read or each message looked for anew."""
    found: list[int] = []
    for conversation_id, joined_seq in connection.execute(_ROOMS_WITH_ANY, (username,)).fetchall():
        values = (conversation_id, joined_seq, before, username, limit)
        found += [message_id for (message_id,) in connection.execute(_TO_ALL_IN_ROOM, values)]
    return found
