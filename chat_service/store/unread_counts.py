"""Unread counts: how much others said that somebody has not seen, and how much of it is meant for them."""

from chat_service.domain.unread import COUNTED_AT_EVENTS_MAX, Unread
from servicekit.database import Connection

UNREAD_COUNTED_MAX = 100_000


def unread(conversation_id: str, read_seq: str, unread_seq: str, reader: str, most: int = UNREAD_COUNTED_MAX) -> str:
    """SQL for how much others said, up to `most`, from the SQL of what it depends on.

    After `read_seq`, or after the reader's own last word, which shows as much; or from `unread_seq` on, where they
    have marked that as unread.
    """
    return (
        "(SELECT count(*) FROM (SELECT 1 FROM messages"
        f" WHERE messages.conversation_id = {conversation_id} AND deleted_at IS NULL AND sender_username <> {reader}"
        f"  AND seq > {_seen(conversation_id, read_seq, unread_seq, reader)} LIMIT {most}) AS unread)"
    )


def _seen(conversation_id: str, read_seq: str, unread_seq: str, reader: str) -> str:
    """SQL for the last `seq` that counts as seen.

    One's own last word is looked for only above the mark: else down to the first one, with every row, for who never
    spoke.
    """
    return (
        f"coalesce({unread_seq} - 1, (SELECT own_words.seq FROM messages AS own_words"
        f"  WHERE own_words.conversation_id = {conversation_id} AND own_words.sender_username = {reader}"
        f"  AND own_words.seq > {read_seq} ORDER BY own_words.seq DESC LIMIT 1), {read_seq})"
    )


def mentions(conversation_id: str, read_seq: str, unread_seq: str, reader: str) -> str:
    """SQL for how many of those that `unread` counts name the reader or all in the room, or answer the reader.

    Where nothing does, as nearly everywhere, that costs a look into two indexes, and no look for the own last word.
    That stands where an index is entered: elsewhere SQLite would look for it once a row.
    """
    own = f"mentioned.username = {reader} AND mentioned.conversation_id = {conversation_id} AND mentioned.seq >"
    to_all = f"to_all.conversation_id = {conversation_id} AND to_all.mentions_room = 1 AND to_all.seq >"
    mark = f"coalesce({unread_seq} - 1, {read_seq})"
    seen = _seen(conversation_id, read_seq, unread_seq, reader)
    return (
        f"(CASE WHEN EXISTS (SELECT 1 FROM mentioned WHERE {own} {mark})"
        f"  OR EXISTS (SELECT 1 FROM messages AS to_all WHERE {to_all} {mark})"
        " THEN (SELECT count(*) FROM messages WHERE messages.id IN ("
        f"  SELECT message_id FROM mentioned WHERE {own} {seen}"
        f"  UNION ALL SELECT id FROM messages AS to_all WHERE {to_all} {seen})"
        f"  AND deleted_at IS NULL AND sender_username <> {reader}) ELSE 0 END)"
    )


def counts_of(connection: Connection, username: str, conversation_id: int) -> Unread:
    """As an event tells them, to who is in the conversation."""
    where = ("memberships.conversation_id", "memberships.read_seq", "memberships.unread_seq", "memberships.username")
    row = connection.execute(
        f"SELECT {unread(*where, most=COUNTED_AT_EVENTS_MAX)}, {mentions(*where)} FROM memberships"
        " WHERE conversation_id = ? AND username = ?",
        (conversation_id, username),
    ).fetchone()
    return Unread(*row) if row else Unread(0, 0)


def seen_seq(connection: Connection, username: str, conversation_id: int) -> int:
    """The last `seq` that counts as seen by who is in the conversation."""
    where = ("memberships.conversation_id", "memberships.read_seq", "memberships.unread_seq", "memberships.username")
    (seq,) = connection.execute(
        f"SELECT {_seen(*where)} FROM memberships WHERE conversation_id = ? AND username = ?",
        (conversation_id, username),
    ).fetchone()
    return int(seq)
