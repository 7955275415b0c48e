"""The inbox of mentions: what was meant for somebody, in all conversations that they are in."""

from chat_service.domain.messages import StoredMessage
from chat_service.store.rows import MESSAGE, SEQ_MAX, message_of
from servicekit.database import Connection, Database

# What names all in a room is looked for room by room, from its newest on.
_TO_PERSON = (
    "SELECT message_id FROM mentioned JOIN messages ON messages.id = message_id"
    " WHERE mentioned.username = :username AND message_id < :before AND deleted_at IS NULL"
    " AND EXISTS (SELECT 1 FROM memberships"
    "  WHERE memberships.username = :username AND memberships.conversation_id = mentioned.conversation_id)"
    " ORDER BY message_id DESC LIMIT :limit"
)
_TO_ALL = (
    "SELECT to_all.id FROM memberships JOIN messages AS to_all ON to_all.id IN (SELECT newest.id"
    "  FROM messages AS newest WHERE newest.conversation_id = memberships.conversation_id AND newest.mentions_room = 1"
    "  AND newest.seq >= coalesce(memberships.joined_seq, 0) AND newest.id < :before AND newest.deleted_at IS NULL"
    "  AND newest.sender_username <> :username ORDER BY newest.seq DESC LIMIT :limit)"
    " WHERE memberships.username = :username"
)
_FIND = (
    f"SELECT {MESSAGE} FROM messages WHERE id IN (SELECT * FROM ({_TO_PERSON}) AS to_person UNION {_TO_ALL})"
    " ORDER BY id DESC LIMIT :limit"
)


class MentionInbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, username: str, *, before: int | None, limit: int) -> list[StoredMessage]:
        """The newest messages of others that name or answer the person, older than the message id `before`."""
        return await self._database.read(_find, username, SEQ_MAX if before is None else before, limit)


def _find(connection: Connection, username: str, before: int, limit: int) -> list[StoredMessage]:
    values = {"username": username, "before": before, "limit": limit}
    return [message_of(row) for row in connection.execute(_FIND, values)]
