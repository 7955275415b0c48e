"""Bans and roles as they are kept, and the orders that follow from them."""

from auth_service.domain.moderation import HOUR_S, Act, Ban, BanOutcome, Order, OrderKind
from auth_service.domain.refusals import TooOften
from auth_service.domain.roles import Action, Actor, Role, Standing, check_act, check_an_owner_stays
from auth_service.store.audit import note, oldest_within_an_hour
from auth_service.store.invitations import end_invitations_of
from auth_service.store.password_resets import end_reset_links_of
from auth_service.store.roles import count_owners, get_standing, hold_roles, standing_of_actor
from auth_service.store.sessions import revoke_all
from auth_service.store.versions import note_outside_write, touch_profile
from servicekit.database import Connection, Database, last_number
from servicekit.times import rfc3339

# What is on its way when a ban is given is stored after it: by services that have not heard of it yet.
UNHEARD_S_MAX = 2.0


class ModerationStore:
    """All raise UnknownUser for who is not here, and NotAllowed for what is not for the actor to do."""

    def __init__(self, database: Database, *, bans_per_hour: int) -> None:
        self._database = database
        self._bans_per_hour = bans_per_hour

    async def get_standing(self, username: str) -> Standing:
        return await self._database.read_few(get_standing, username)

    async def ban(self, actor: Actor, username: str, ban: Ban, *, now: float) -> BanOutcome:
        """Raises LastOwner, and TooOften."""
        return await self._database.write(_ban, actor, username, ban, per_hour=self._bans_per_hour, now=now)

    async def end_ban(self, actor: Actor, username: str, *, now: float) -> int | None:
        """The new version of the profile; None where there was no ban."""
        return await self._database.write(_end_ban, actor, username, now=now)

    async def set_role(self, actor: Actor, username: str, role: Role, *, now: float) -> tuple[Standing, int | None]:
        """With the new version of the profile; None where that was the role before. Raises LastOwner."""
        return await self._database.write(_set_role, actor, username, role, now=now)

    async def list_orders_after(self, number: int, *, limit: int) -> list[Order]:
        return await self._database.read(_list_orders_after, number, limit=limit)

    async def last_order(self) -> int:
        return await self._database.read(last_number, "orders")


def _ban(connection: Connection, actor: Actor, username: str, ban: Ban, *, per_hour: int, now: float) -> BanOutcome:
    hold_roles(connection)
    target = get_standing(connection, username)
    _check_who_bans(connection, actor, target)
    _check_rate(connection, actor, per_hour, now)
    ended, version, order = [], None, None
    if not target.is_banned:
        connection.execute("UPDATE users SET banned_at = ? WHERE username = ?", (int(now), target.username))
        ended = revoke_all(connection, target.username, now)
        end_invitations_of(connection, target.username, now=now)
        end_reset_links_of(connection, target.username, now=now)
        version = touch_profile(connection, target.username)
        order = _give_order(connection, OrderKind.END_UPLOADS, target.username, now)
    if ban.erases_messages:
        order = _give_order(connection, OrderKind.ERASE_MESSAGES, target.username, now)
    detail = f"{ban.reason} (messages erased)".strip() if ban.erases_messages else ban.reason
    note(connection, actor, Act.BAN, target=target.username, detail=detail, now=now)
    _tell(connection, actor)
    return BanOutcome(target.username, ended, version, order)


def _check_who_bans(connection: Connection, actor: Actor, target: Standing) -> None:
    """An owner is told what is in the way: that they are the last one, before that none bans another."""
    standing = standing_of_actor(connection, actor)
    if standing is None or standing.role is Role.OWNER:
        check_an_owner_stays(target, owners_count=count_owners(connection))
    check_act(standing, Action.BAN, on=target.role)


def _check_rate(connection: Connection, actor: Actor, per_hour: int, now: float) -> None:
    if actor.has_the_machine or not per_hour:
        return
    oldest = oldest_within_an_hour(connection, actor, Act.BAN, skipped=per_hour - 1, now=now)
    if oldest is not None:
        raise TooOften("bans", max(1, oldest + HOUR_S - int(now)))


def _end_ban(connection: Connection, actor: Actor, username: str, *, now: float) -> int | None:
    hold_roles(connection)
    target = get_standing(connection, username)
    check_act(standing_of_actor(connection, actor), Action.END_BAN, on=target.role)
    if not target.is_banned:
        return None
    connection.execute("UPDATE users SET banned_at = NULL WHERE username = ?", (target.username,))
    note(connection, actor, Act.END_BAN, target=target.username, now=now)
    _tell(connection, actor)
    return touch_profile(connection, target.username)


def _set_role(
    connection: Connection, actor: Actor, username: str, role: Role, *, now: float
) -> tuple[Standing, int | None]:
    hold_roles(connection)
    target = get_standing(connection, username)
    check_act(standing_of_actor(connection, actor), Action.CHANGE_ROLE, on=target.role)
    if role is target.role:
        return target, None
    if role is not Role.OWNER:
        check_an_owner_stays(target, owners_count=count_owners(connection))
    connection.execute("UPDATE users SET role = ? WHERE username = ?", (role.value, target.username))
    note(connection, actor, Act.ROLE, target=target.username, detail=f"{target.role} to {role}", now=now)
    _tell(connection, actor)
    return Standing(target.username, role, target.is_banned), touch_profile(connection, target.username)


def _give_order(connection: Connection, kind: OrderKind, username: str, now: float) -> int:
    until = now + UNHEARD_S_MAX if kind is OrderKind.ERASE_MESSAGES else now
    row = connection.execute(
        "INSERT INTO orders (kind, username, until) VALUES (?, ?, ?) RETURNING number",
        (kind.value, username, rfc3339(until)),
    ).fetchone()
    return int(row[0])


def _list_orders_after(connection: Connection, number: int, *, limit: int) -> list[Order]:
    rows = connection.execute(
        "SELECT number, kind, username, until FROM orders WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
    )
    return [Order(row["number"], OrderKind(row["kind"]), row["username"], row["until"]) for row in rows]


def _tell(connection: Connection, actor: Actor) -> None:
    """Whoever has the machine acts beside the running service."""
    if actor.has_the_machine:
        note_outside_write(connection)
