"""Erasures: who has erased their account, and what of theirs is still in conversations."""

from collections.abc import Sequence

import msgspec

from chat_service.domain.conversations import Conversation
from chat_service.domain.places import Head
from chat_service.domain.refusals import UnknownRecipient
from chat_service.store.personal_rules import forget_person
from chat_service.store.rows import epoch, last_seq
from servicekit.database import Connection, Database, hold
from servicekit.followed import followed, put_followed

OPEN_LISTED_MAX = 100
# Nothing finds messages by their sender alone: an index would cost each message more than reading them all costs once.
SPAN = 10_000
_LAST_MOMENT = "9999"
_ORDERS = "orders"
_IN_SPAN = "messages.id > ? AND messages.id <= ?"
# What was said in a room that is closed is gone already.
_STANDS = "(receiver_username IS NOT NULL OR messages.conversation_id IN (SELECT conversation_id FROM rooms))"


class Remains(msgspec.Struct, frozen=True):
    """What somebody said and did among the messages of a span, as far as it is not deleted.

    `ends`: the end of each conversation in which they ever said something there.
    """

    messages: list[int]
    reactions: list[tuple[int, str]]
    ends: list[tuple[Conversation, Head]]


class Ordered(msgspec.Struct, frozen=True):
    """Whose messages up to which time are to be erased; the orders are numbered."""

    number: int
    username: str
    until: str


class Erasures:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_open(self) -> list[str]:
        """Those of whom something may be left."""
        return await self._database.read(_list_open)

    async def list_ordered(self) -> list[Ordered]:
        """Whose messages are to go, while the person stays."""
        return await self._database.read(_list_ordered)

    async def order(self, orders: Sequence[Ordered], last: int) -> None:
        """Take these over from the list of orders, which has come to the number `last`."""
        await self._database.write(_order, orders, last)

    async def orders_followed(self) -> int:
        """The number of the last order that was taken over."""
        return await self._database.read(_orders_followed)

    async def follow_orders_anew(self) -> None:
        await self._database.write(_forget_orders)

    async def finish_ordered(self, number: int) -> None:
        await self._database.write(_finish_ordered, number)

    async def list_rooms(self, username: str) -> list[Conversation]:
        """Those that they are in, or own."""
        return await self._database.read(_list_rooms, username)

    async def leave_direct(self, username: str) -> None:
        """Take away their side of all 1:1 conversations, and whom they have saved."""
        await self._database.write(_leave_direct, username)

    async def last_message_id(self) -> int:
        return await self._database.read(_last_message_id)

    async def remains(self, username: str, after: int) -> Remains:
        """What is left of them among the SPAN message ids after `after`."""
        return await self._database.read(_remains, username, after)

    async def messages_until(self, username: str, after: int, until: str) -> Remains:
        """The same of what they said up to the time `until`; what they did to other messages is left out."""
        return await self._database.read(_messages_until, username, after, until)

    async def finish(self, username: str) -> None:
        """Nothing is left of them."""
        await self._database.write(_finish, username)


def begin_erasure(connection: Connection, username: str) -> None:
    hold_person(connection, username)
    connection.execute("INSERT INTO erasures (username, is_done) VALUES (?, 0) ON CONFLICT DO NOTHING", (username,))


def are_erased(connection: Connection, *usernames: str) -> bool:
    """Whether one of them has erased their account."""
    marks = ", ".join("?" * len(usernames))
    found = connection.execute(f"SELECT 1 FROM erasures WHERE username IN ({marks}) LIMIT 1", usernames)
    return found.fetchone() is not None


def check_not_erased(connection: Connection, *usernames: str) -> None:
    """Ask first, inside the transaction that is to give one of them something. Raises UnknownRecipient.

    They are held until it ends: no other gives them anything, or begins their erasure.
    """
    for username in sorted(usernames):
        hold_person(connection, username)
        if are_erased(connection, username):
            raise UnknownRecipient(username)


def hold_person(connection: Connection, username: str) -> None:
    hold(connection, f"person {username}")


def _list_open(connection: Connection) -> list[str]:
    rows = connection.execute(
        "SELECT username FROM erasures WHERE is_done = 0 ORDER BY username LIMIT ?", (OPEN_LISTED_MAX,)
    )
    return [username for (username,) in rows]


def _list_rooms(connection: Connection, username: str) -> list[Conversation]:
    rows = connection.execute(
        "SELECT conversations.name FROM conversations JOIN rooms ON rooms.conversation_id = conversations.id"
        " WHERE owner_username = ? OR conversations.id IN (SELECT conversation_id FROM memberships WHERE username = ?)"
        " ORDER BY conversations.name",
        (username, username),
    )
    return [Conversation(name) for (name,) in rows]


def _leave_direct(connection: Connection, username: str) -> None:
    connection.execute(
        # It changes nothing, and so waits for whoever appends there and did not know yet that they are erased.
        "UPDATE conversations SET name = name WHERE id IN (SELECT conversation_id FROM memberships WHERE username = ?)",
        (username,),
    )
    connection.execute(
        "DELETE FROM memberships WHERE username = ? AND conversation_id NOT IN (SELECT conversation_id FROM rooms)",
        (username,),
    )
    connection.execute("DELETE FROM contacts WHERE user_username = ?", (username,))
    forget_person(connection, username)


def _last_message_id(connection: Connection) -> int:
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()
    return int(last)


def _remains(connection: Connection, username: str, after: int) -> Remains:
    span = (after, after + SPAN, username)
    reactions = connection.execute(
        "SELECT message_id, emoji FROM reactions JOIN messages ON messages.id = message_id"
        # Those on their own messages go with these.
        f" WHERE {_IN_SPAN} AND username = ? AND sender_username <> ? ORDER BY message_id, emoji",
        (*span, username),
    ).fetchall()
    said = _messages_until(connection, username, after, _LAST_MOMENT)
    return msgspec.structs.replace(said, reactions=[(message_id, emoji) for message_id, emoji in reactions])


def _messages_until(connection: Connection, username: str, after: int, until: str) -> Remains:
    said = f"{_IN_SPAN} AND sender_username = ? AND timestamp <= ? AND {_STANDS}"
    span = (after, after + SPAN, username, until)
    messages = connection.execute(f"SELECT id FROM messages WHERE {said} AND deleted_at IS NULL ORDER BY id", span)
    found = [message_id for (message_id,) in messages]
    ends = connection.execute(
        f"SELECT name, {last_seq('conversations.id')}, {epoch('id')} FROM conversations WHERE id IN"
        f" (SELECT conversation_id FROM messages WHERE {said})",
        span,
    )
    return Remains(
        messages=found,
        reactions=[],
        ends=[(Conversation(name), Head(seq, its_epoch)) for name, seq, its_epoch in ends],
    )


def _finish(connection: Connection, username: str) -> None:
    connection.execute("UPDATE erasures SET is_done = 1 WHERE username = ?", (username,))


# What was ordered


def _list_ordered(connection: Connection) -> list[Ordered]:
    rows = connection.execute(
        "SELECT number, username, until FROM message_erasures WHERE is_done = 0 ORDER BY number LIMIT ?",
        (OPEN_LISTED_MAX,),
    )
    return [Ordered(*row) for row in rows]


def _order(connection: Connection, orders: Sequence[Ordered], last: int) -> None:
    """Another instance may have taken the same ones a moment ago, and be at work on them."""
    hold(connection, _ORDERS)
    before = followed(connection, _ORDERS)
    for order in orders:
        if order.number > before:
            connection.execute(
                "INSERT INTO message_erasures (number, username, until, is_done) VALUES (?, ?, ?, 0)"
                " ON CONFLICT (number)"
                " DO UPDATE SET username = excluded.username, until = excluded.until, is_done = 0",
                (order.number, order.username, order.until),
            )
    put_followed(connection, _ORDERS, max(before, last))


def _orders_followed(connection: Connection) -> int:
    return followed(connection, _ORDERS)


def _forget_orders(connection: Connection) -> None:
    put_followed(connection, _ORDERS, 0)


def _finish_ordered(connection: Connection, number: int) -> None:
    connection.execute("UPDATE message_erasures SET is_done = 1 WHERE number = ?", (number,))
