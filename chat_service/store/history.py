"""What was said, a page at a time, with who reacted and how much answers it."""

from collections.abc import Iterable
from contextlib import suppress

from chat_service.domain.conversations import Label
from chat_service.domain.history import Page, Replies
from chat_service.domain.messages import StoredMessage
from chat_service.domain.refusals import NotAMember, UnknownMessage
from chat_service.store.rows import MESSAGE, SEQ_MAX, is_to_be_rendered, message_of
from chat_service.store.unread_counts import seen_seq
from servicekit.database import Connection, Database, Row

READ_QUICKLY_MAX = 1_000  # replies or reactions, a third of a millisecond
# A message, who reacted by emoji, and what answers it.
Item = tuple[StoredMessage, dict[str, list[str]], Replies | None]


class History:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, username: str, label: Label, page: Page) -> list[Item]:
        """Oldest first: the last messages, or those next to a message id. Raises NotAMember for a room not theirs."""
        if not page.is_unread:  # to find what is unread may take a look at much of it
            with suppress(_TakesLong):
                return await self._database.read_few(_read_quickly, username, label, page)
        return await self._database.read(_read, username, label, page)

    async def pins(self, username: str, label: Label) -> list[Item]:
        """What is pinned, the newest pin first. Raises NotAMember for a room that they are not in."""
        return await self._database.read(_pins, username, label)

    async def replies(self, username: str, message_id: int, *, after: int, limit: int) -> list[Item]:
        """What answers a message, oldest first. Raises UnknownMessage where they are not in its conversation."""
        return await self._database.read(_replies, username, message_id, after, limit)


class _TakesLong(Exception):
    """What is asked for would hold up whoever else is served on that thread."""


def _read_quickly(connection: Connection, username: str, label: Label, page: Page) -> list[Item]:
    """The same as `_read`. Raises _TakesLong where texts are to be rendered, or there is much beside them."""
    conversation_id = _conversation_id(connection, username, label)
    if conversation_id is None:
        return []
    rows = _rows_of(connection, conversation_id, page)
    if any(map(is_to_be_rendered, rows)) or _have_much_beside_them(connection, [row["id"] for row in rows]):
        raise _TakesLong
    return _items(connection, rows)


def _read(connection: Connection, username: str, label: Label, page: Page) -> list[Item]:
    """By `seq` alone, which the index knows: however old the page is, nothing that is newer is read."""
    conversation_id = _conversation_id(connection, username, label)
    if conversation_id is None:
        return []
    if page.is_unread:
        seen = seen_seq(connection, username, conversation_id)
        return _items(connection, _rows(connection, conversation_id, seen + 1, SEQ_MAX, "ASC", page.limit))
    return _items(connection, _rows_of(connection, conversation_id, page))


def _conversation_id(connection: Connection, username: str, label: Label) -> int | None:
    """None while two people have said nothing yet."""
    row = connection.execute(
        "SELECT conversation_id FROM memberships WHERE username = ? AND label = ?", (username, label.text)
    ).fetchone()
    if row is None and label.is_room:
        raise NotAMember(label.text)
    return None if row is None else row[0]


def _pins(connection: Connection, username: str, label: Label) -> list[Item]:
    conversation_id = _conversation_id(connection, username, label)
    pinned = connection.execute(
        "SELECT message_id FROM pins WHERE conversation_id = ? ORDER BY pinned_seq DESC", (conversation_id,)
    ).fetchall()
    marks = ", ".join("?" * len(pinned))
    ids = [message_id for (message_id,) in pinned]
    rows = connection.execute(f"SELECT {MESSAGE} FROM messages WHERE id IN ({marks})", ids) if ids else ()
    return sorted(_items(connection, rows), key=lambda item: ids.index(item[0].id))


def _rows_of(connection: Connection, conversation_id: int, page: Page) -> list[Row]:
    if page.around is not None:
        middle = _seq_from(connection, conversation_id, page.around)
        older = _rows(connection, conversation_id, 0, middle, "DESC", page.limit // 2)
        return older + _rows(connection, conversation_id, middle, SEQ_MAX, "ASC", page.limit - page.limit // 2)
    first = 0 if page.after is None else _seq_from(connection, conversation_id, page.after + 1)
    end = SEQ_MAX if page.before is None else _seq_from(connection, conversation_id, page.before)
    direction = "ASC" if page.after is not None and page.before is None else "DESC"
    return _rows(connection, conversation_id, first, end, direction, page.limit)


def _rows(connection: Connection, conversation_id: int, first: int, end: int, direction: str, limit: int) -> list[Row]:
    return connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE conversation_id = ? AND seq >= ? AND seq < ?"
        f" ORDER BY seq {direction} LIMIT ?",
        (conversation_id, first, end, limit),
    ).fetchall()


def _replies(connection: Connection, username: str, message_id: int, after: int, limit: int) -> list[Item]:
    is_theirs = connection.execute(
        "SELECT 1 FROM messages JOIN memberships ON memberships.conversation_id = messages.conversation_id"
        " AND memberships.username = ? WHERE messages.id = ?",
        (username, message_id),
    ).fetchone()
    if is_theirs is None:
        raise UnknownMessage(message_id)
    rows = connection.execute(
        f"SELECT {MESSAGE} FROM messages WHERE reply_to = ? AND id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?",
        (message_id, after, limit),
    )
    return _items(connection, rows)


def _items(connection: Connection, rows: Iterable[Row]) -> list[Item]:
    messages = sorted((message_of(row) for row in rows), key=lambda message: message.seq)
    ids = [message.id for message in messages]
    reactions, replies = _reactions(connection, ids), _replies_to(connection, ids)
    return [(message, reactions.get(message.id, {}), replies.get(message.id)) for message in messages]


def _seq_from(connection: Connection, conversation_id: int, message_id: int) -> int:
    """The least `seq` that a message of the conversation with this id or a higher one may have.

    Ids rise with `seq` in each conversation, so that halving finds it in a few steps, and no index has to be kept.
    """
    next_one = "SELECT seq, id FROM messages WHERE conversation_id = ? AND seq >= ? ORDER BY seq LIMIT 1"
    last = connection.execute("SELECT max(seq) FROM messages WHERE conversation_id = ?", (conversation_id,)).fetchone()[
        0
    ]
    low, high = 0, 0 if last is None else last + 1
    while low < high:
        middle = (low + high) // 2
        seq, found_id = connection.execute(next_one, (conversation_id, middle)).fetchone()
        if found_id < message_id:
            low = seq + 1
        else:
            high = middle
    return low


def _reactions(connection: Connection, message_ids: list[int]) -> dict[int, dict[str, list[str]]]:
    """Who reacted, in the order in which they did, by emoji and message."""
    found: dict[int, dict[str, list[str]]] = {}
    if not message_ids:
        return found
    marks = ", ".join("?" * len(message_ids))
    for message_id, emoji, username in connection.execute(
        f"SELECT message_id, emoji, username FROM reactions WHERE message_id IN ({marks})"
        " ORDER BY number, emoji, username",
        message_ids,
    ):
        found.setdefault(message_id, {}).setdefault(emoji, []).append(username)
    return found


def _have_much_beside_them(connection: Connection, message_ids: list[int]) -> bool:
    """Whether more answers these messages, or was reacted to them, than is read quickly."""
    if not message_ids:
        return False
    marks = ", ".join("?" * len(message_ids))
    for what in (f"messages WHERE reply_to IN ({marks})", f"reactions WHERE message_id IN ({marks})"):
        most = (*message_ids, READ_QUICKLY_MAX + 1)
        (count,) = connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {what} LIMIT ?) AS found", most).fetchone()
        if count > READ_QUICKLY_MAX:
            return True
    return False


def _replies_to(connection: Connection, message_ids: list[int]) -> dict[int, Replies]:
    """Of those that something answers, or did: from the index of what answers something alone."""
    if not message_ids:
        return {}
    marks = ", ".join("?" * len(message_ids))
    rows = connection.execute(
        f"SELECT reply_to, count(*) - count(deleted_at), max(id) FROM messages WHERE reply_to IN ({marks})"
        " GROUP BY reply_to",
        message_ids,
    )
    return {answered: Replies(count, last_id) for answered, count, last_id in rows}
