"""Pins: the messages of a conversation that everybody in it has at hand."""

from chat_service.domain.changes import Kind
from chat_service.domain.intents import Draft, Pin
from chat_service.domain.moderation import Position
from chat_service.domain.refusals import NotAllowed, TooManyPins
from chat_service.store.log_end import Done, LogEnd
from chat_service.store.positions import positions
from servicekit.database import Connection

PINS_MAX = 50  # a conversation


def pin(connection: Connection, draft: Draft, end: LogEnd, intent: Pin) -> Done:
    """In a room for its owner and for moderators, else for both. Raises NotAllowed or TooManyPins."""
    if end.conversation.is_room and positions(connection, end.id, draft.author, acts=True) == {Position.MEMBER}:
        raise NotAllowed
    if intent.removes:
        return Done(Kind.UNPINNED, unpin(connection, intent.message_id), intent.message_id)
    pinned = [one for (one,) in connection.execute("SELECT message_id FROM pins WHERE conversation_id = ?", (end.id,))]
    if intent.message_id in pinned:
        return Done(Kind.PINNED, has_changed=False)
    if len(pinned) >= PINS_MAX:
        raise TooManyPins(PINS_MAX)
    connection.execute(
        "INSERT INTO pins (message_id, conversation_id, pinned_seq) VALUES (?, ?, ?)",
        (intent.message_id, end.id, end.seq + 1),
    )
    return Done(Kind.PINNED, has_changed=True, message_id=intent.message_id)


def unpin(connection: Connection, message_id: int) -> bool:
    """Whether it was pinned."""
    return connection.execute("DELETE FROM pins WHERE message_id = ?", (message_id,)).rowcount == 1
