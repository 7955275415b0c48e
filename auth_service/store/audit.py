"""The audit: rows are added here and nowhere else, and go by their age."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from auth_service.domain.moderation import ADDRESSES_KEPT_S, AUDIT_KEPT_S, HOUR_S, Act, AuditEntry
from auth_service.domain.roles import Action, Actor, check_act
from auth_service.store.roles import standing_of_actor
from auth_service.store.rows import all_of
from servicekit.database import Connection, Database, hold
from servicekit.followed import followed, put_followed

_ACTS = "acts"


class ActOfChat(msgspec.Struct, frozen=True):
    """What a moderator did there; `room` is empty for a private one."""

    number: int
    actor: str
    act: str
    target: str
    room: str
    at: str


class AuditStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_before(self, actor: Actor, number: int, *, now: float, limit: int) -> list[AuditEntry]:
        """The newest first. Raises NotAllowed."""
        return await self._database.read(_list_before, actor, number, now=now, limit=limit)

    async def take_acts(self, acts: Sequence[ActOfChat]) -> None:
        """What moderators did in chat, each once: several instances may have the same page."""
        await self._database.write(_take_acts, acts)

    async def acts_followed(self) -> int:
        """The number of the last of them."""
        return await self._database.read(followed, _ACTS)

    async def forget_acts_followed(self) -> None:
        """Chat's list begins anew."""
        await self._database.write(put_followed, _ACTS, 0)

    async def forget_old(self, *, now: float) -> None:
        """Addresses and rows whose time is over."""
        await self._database.write(_forget_old, now=now)


def note(connection: Connection, actor: Actor, act: Act, *, target: str = "", detail: str = "", now: float) -> None:
    """In the transaction of the act itself."""
    connection.execute(
        "INSERT INTO audit (at, actor, act, target, detail, address) VALUES (?, ?, ?, ?, ?, ?)",
        (int(now), actor.username, act.value, target, detail, actor.address),
    )


def oldest_within_an_hour(connection: Connection, actor: Actor, act: Act, *, skipped: int, now: float) -> int | None:
    """When the newest act of this kind but `skipped` was, if that is less than an hour ago."""
    row = connection.execute(
        "SELECT at FROM audit WHERE actor = ? AND act = ? AND at > ? ORDER BY at DESC LIMIT 1 OFFSET ?",
        (actor.username, act.value, int(now) - HOUR_S, skipped),
    ).fetchone()
    return None if row is None else int(row[0])


def forget_addresses_of(connection: Connection, username: str) -> None:
    """Who has erased their account is nowhere any more."""
    connection.execute("UPDATE audit SET address = '' WHERE actor = ?", (username,))


def _list_before(connection: Connection, actor: Actor, number: int, *, now: float, limit: int) -> list[AuditEntry]:
    check_act(standing_of_actor(connection, actor), Action.READ_AUDIT)
    rows = connection.execute(
        "SELECT number, at, actor, act, target, detail, CASE WHEN at > ? THEN address ELSE '' END FROM audit"
        " WHERE number < ? AND at > ? ORDER BY number DESC LIMIT ?",
        (int(now) - ADDRESSES_KEPT_S, number, int(now) - AUDIT_KEPT_S, limit),
    )
    return all_of(rows, AuditEntry)


def _take_acts(connection: Connection, acts: Sequence[ActOfChat]) -> None:
    hold(connection, _ACTS)
    known = followed(connection, _ACTS)
    for act in acts:
        if act.number > known:
            connection.execute(
                "INSERT INTO audit (at, actor, act, target, detail, address) VALUES (?, ?, ?, ?, ?, '')",
                (int(datetime.fromisoformat(act.at).timestamp()), act.actor, act.act, act.target, act.room),
            )
    put_followed(connection, _ACTS, max(known, acts[-1].number))


def _forget_old(connection: Connection, *, now: float) -> None:
    connection.execute("UPDATE audit SET address = '' WHERE at <= ? AND address <> ''", (int(now) - ADDRESSES_KEPT_S,))
    connection.execute("DELETE FROM audit WHERE at <= ?", (int(now) - AUDIT_KEPT_S,))
