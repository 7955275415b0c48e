"""Closed rooms: gone for everybody at once, and their messages afterwards, in small batches."""

from chat_service.store.attachments import detach
from chat_service.store.mentions import forget_mentions
from chat_service.store.personal_rules import forget_room
from chat_service.store.pins import unpin
from chat_service.store.search import text_index_of
from chat_service.store.text_index import TextIndex
from servicekit.database import Connection, Database, Row, try_hold

# Taking a text of 4,000 characters out of the index costs more than a millisecond, in which nobody else can write.
CLEARED_AT_ONCE = 10


class ClosedRooms:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._index = text_index_of(database)

    async def clear_some(self) -> bool:
        """Take the next messages of a closed room away; whether there was anything to do."""
        if not await self._database.read(_is_open):
            return False
        await self._database.write(_clear_some, self._index)
        return True


def close(connection: Connection, conversation_id: int, index: TextIndex) -> None:
    """Nobody is in it any more, its name is free, and all but its first messages is left to be cleared."""
    forget_room(connection, conversation_id)
    for query in (
        "DELETE FROM rooms WHERE conversation_id = ?",
        "DELETE FROM memberships WHERE conversation_id = ?",
        "UPDATE conversations SET name = name || ' closed ' || id WHERE id = ?",
        "INSERT INTO closed_rooms (conversation_id) VALUES (?)",
    ):
        connection.execute(query, (conversation_id,))
    _clear(connection, conversation_id, 0, index)


def _next(connection: Connection) -> Row | None:
    row: Row | None = connection.execute(
        "SELECT conversation_id, cleared_seq FROM closed_rooms ORDER BY conversation_id LIMIT 1"
    ).fetchone()
    return row


def _is_open(connection: Connection) -> bool:
    return _next(connection) is not None


def _clear_some(connection: Connection, index: TextIndex) -> None:
    if try_hold(connection, "closed rooms") and (room := _next(connection)) is not None:  # else another is at it
        _clear(connection, room["conversation_id"], room["cleared_seq"], index)


def _clear(connection: Connection, conversation_id: int, after: int, index: TextIndex) -> None:
    messages = connection.execute(
        "SELECT id, seq, message FROM messages WHERE conversation_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        (conversation_id, after, CLEARED_AT_ONCE),
    ).fetchall()
    for message_id, _, text in messages:
        if text:
            index.changed(connection, message_id, old=text, new="")
        detach(connection, "message_id = ?", message_id)
        forget_mentions(connection, message_id)
        unpin(connection, message_id)
        connection.execute("DELETE FROM reactions WHERE message_id = ?", (message_id,))
        connection.execute("UPDATE messages SET message = '', html = NULL, cards = NULL WHERE id = ?", (message_id,))
    if len(messages) == CLEARED_AT_ONCE:
        values = (messages[-1]["seq"], conversation_id)
        connection.execute("UPDATE closed_rooms SET cleared_seq = ? WHERE conversation_id = ?", values)
    else:
        connection.execute("DELETE FROM closed_rooms WHERE conversation_id = ?", (conversation_id,))
