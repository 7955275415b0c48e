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
# The same in SQL of PostgreSQL, for each of the conversations that a group locks: their names, with `|` between.
BARRED_IN = """(
    SELECT string_agg(name, '|') FROM (
        SELECT blocked_username AS name FROM blocks
        WHERE (username, blocked_username) IN (
            (split_part(conversations.name, '|', 1), split_part(conversations.name, '|', 2)),
            (split_part(conversations.name, '|', 2), split_part(conversations.name, '|', 1))
        )
        UNION ALL SELECT conversations.name FROM people
        WHERE is_banned = 1
        AND username IN (split_part(conversations.name, '|', 1), split_part(conversations.name, '|', 2))
    ) AS barred
)"""


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
        await self._database.read(check_accepts, username, other)


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
    """What BARRED_IN has found."""
    return frozenset(column.split("|")) if column else NOBODY


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
    return True


def _remove(connection: Connection, username: str, other: str, forget: Callable[[Conversation], None]) -> bool:
    _wait_for_writers(connection, username, other, forget)
    return connection.execute(f"DELETE FROM {_BLOCKED}", (username, other)).rowcount == 1


def _wait_for_writers(
    connection: Connection, username: str, other: str, forget: Callable[[Conversation], None]
) -> None:
    """Who writes between the two, or begins to, has done so before, or looks after this."""
    conversation = Conversation.direct(username, other)
    forget(conversation)
    hold(connection, conversation.name)
    connection.execute("UPDATE conversations SET name = name WHERE name = ?", (conversation.name,))
