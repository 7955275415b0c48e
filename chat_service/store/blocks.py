"""Blocks: from whom somebody wants to hear nothing, and who may therefore not write to whom."""

from collections.abc import Callable

import msgspec

from chat_service.domain.conversations import Conversation
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import NotAccepted, TooManyBlocks
from chat_service.store.erasures import check_not_erased
from chat_service.store.log_end import NOBODY
from servicekit.database import Connection, Database, hold

_BLOCKED = "blocks WHERE username = ? AND blocked_username = ?"


class Block(msgspec.Struct, frozen=True):
    username: str
    created_at: str


class Blocks:
    """`forget` takes a conversation whose rules have changed out of what the log remembers."""

    def __init__(
        self, database: Database, *, forget: Callable[[Conversation], None], quotas: Quotas = USUAL_QUOTAS
    ) -> None:
        self._database = database
        self._forget = forget
        self._quotas = quotas

    async def list_of(self, username: str) -> list[Block]:
        """The newest first."""
        return await self._database.read(_list_of, username)

    async def add(self, username: str, other: str, *, now: str) -> bool:
        """Whether that is new. Of what `other` sends at the same moment nothing is stored after it.

        Raises TooManyBlocks, or UnknownRecipient for who has erased their account.
        """
        return await self._database.write(_add, username, other, now, self._quotas.blocks_max, self._forget)

    async def remove(self, username: str, other: str) -> bool:
        """Whether there was one."""
        return await self._database.write(_remove, username, other, self._forget)

    async def check_accepts(self, username: str, other: str) -> None:
        """Raises NotAccepted where `other` takes nothing from `username`."""
        await self._database.read_few(check_accepts, username, other)


def check_accepts(connection: Connection, username: str, other: str) -> None:
    """The same inside a transaction."""
    if username in barred_in(connection, Conversation.direct(username, other)):
        raise NotAccepted(other)


def barred_in(connection: Connection, conversation: Conversation) -> frozenset[str]:
    """Which of the two of a 1:1 conversation the other takes nothing from; with who is banned nobody writes."""
    if conversation.is_room:
        return NOBODY
    one, other = conversation.people
    banned = connection.execute("SELECT 1 FROM people WHERE username IN (?, ?) AND is_banned = 1", (one, other))
    if banned.fetchone() is not None:
        return frozenset(conversation.people)
    rows = connection.execute(
        f"SELECT blocked_username FROM {_BLOCKED} UNION ALL SELECT blocked_username FROM {_BLOCKED}",
        (one, other, other, one),
    )
    return frozenset(username for (username,) in rows)


def barred_of(column: str | None) -> frozenset[str]:
    """As it is kept with the conversation."""
    return frozenset(column.split("|")) if column else NOBODY


def barred_column(barred: frozenset[str]) -> str | None:
    return "|".join(sorted(barred)) or None


def keep_barred(connection: Connection, conversation: Conversation) -> None:
    """After what it depends on has changed."""
    barred = barred_column(barred_in(connection, conversation))
    connection.execute("UPDATE conversations SET barred = ? WHERE name = ?", (barred, conversation.name))


def keep_barred_of(connection: Connection, username: str) -> None:
    """The same in all 1:1 conversations of somebody, who is banned, or no longer."""
    rows = connection.execute(
        "SELECT name FROM conversations JOIN memberships ON conversation_id = conversations.id"
        " WHERE username = ? AND label LIKE '@%' ORDER BY conversations.id",
        (username,),
    ).fetchall()
    for (name,) in rows:
        keep_barred(connection, Conversation(name))


def _list_of(connection: Connection, username: str) -> list[Block]:
    rows = connection.execute(
        "SELECT blocked_username, created_at FROM blocks WHERE username = ? ORDER BY created_at DESC, blocked_username",
        (username,),
    )
    return [Block(*row) for row in rows]


def _add(
    connection: Connection, username: str, other: str, now: str, blocks_max: int, forget: Callable[[Conversation], None]
) -> bool:
    _wait_for_writers(connection, username, other, forget)
    check_not_erased(connection, username, other)
    (count,) = connection.execute("SELECT count(*) FROM blocks WHERE username = ?", (username,)).fetchone()
    if connection.execute(f"SELECT 1 FROM {_BLOCKED}", (username, other)).fetchone() is not None:
        return False
    if count >= blocks_max:
        raise TooManyBlocks(blocks_max)
    connection.execute(
        "INSERT INTO blocks (username, blocked_username, created_at) VALUES (?, ?, ?)", (username, other, now)
    )
    keep_barred(connection, Conversation.direct(username, other))
    return True


def _remove(connection: Connection, username: str, other: str, forget: Callable[[Conversation], None]) -> bool:
    _wait_for_writers(connection, username, other, forget)
    removed = connection.execute(f"DELETE FROM {_BLOCKED}", (username, other))
    keep_barred(connection, Conversation.direct(username, other))
    return removed.rowcount == 1


def _wait_for_writers(
    connection: Connection, username: str, other: str, forget: Callable[[Conversation], None]
) -> None:
    """Who writes between the two, or begins to, has done so before, or looks after this."""
    conversation = Conversation.direct(username, other)
    forget(conversation)
    hold(connection, conversation.name)
    connection.execute("UPDATE conversations SET name = name WHERE name = ?", (conversation.name,))
