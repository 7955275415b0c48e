"""Unread marks: from where on somebody has marked a conversation as unread, until they next move their read mark."""

from chat_service.domain.conversations import Label
from chat_service.domain.refusals import NotAMember
from chat_service.domain.unread import Unread
from chat_service.store.rows import last_seq
from chat_service.store.unread_counts import counts_of
from servicekit.database import Connection, Database
from servicekit.problems import FieldError, Invalid


class UnreadMarks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, username: str, label: Label, seq: int) -> Unread:
        """What is unread now. Raises NotAMember, or Invalid for a place that the conversation does not have."""
        return await self._database.write(_put, username, label, seq)


def unmark(connection: Connection, username: str, conversation_id: int) -> bool:
    """Whether there was a mark."""
    removed = connection.execute(
        "UPDATE memberships SET unread_seq = NULL"
        " WHERE username = ? AND conversation_id = ? AND unread_seq IS NOT NULL",
        (username, conversation_id),
    )
    return removed.rowcount == 1


def _put(connection: Connection, username: str, label: Label, seq: int) -> Unread:
    row = connection.execute(
        f"SELECT conversation_id, {last_seq('memberships.conversation_id')} FROM memberships"
        " WHERE username = ? AND label = ?",
        (username, label.text),
    ).fetchone()
    if row is None and label.is_room:
        raise NotAMember(label.text)
    conversation_id, last = (0, 0) if row is None else row
    if seq > last:
        raise Invalid(FieldError("seq", f"Expected a place in the conversation, which ends at {last}."))
    connection.execute(
        "UPDATE memberships SET unread_seq = ? WHERE username = ? AND label = ?", (seq, username, label.text)
    )
    return counts_of(connection, username, conversation_id)
