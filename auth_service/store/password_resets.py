"""Links that let somebody choose a new password, as they are kept: by the hash of their code."""

from auth_service.domain.account import Account
from auth_service.domain.invitations import LINKS_KEPT_S, RESET_LINK_S, ResetLink
from auth_service.domain.moderation import Act
from auth_service.domain.refusals import Banned, LinkSpent, UnknownLink
from auth_service.domain.roles import Action, Actor, check_act
from auth_service.store.audit import note
from auth_service.store.roles import get_standing, hold_roles, standing_of_actor
from auth_service.store.rows import one
from auth_service.store.sessions import revoke_all
from servicekit.database import Connection, Database


class PasswordResetStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, actor: Actor, username: str, code_hash: str, *, now: float) -> ResetLink:
        """Of several links of one person only the newest is good. Raises UnknownUser, NotAllowed or Banned."""
        return await self._database.write(_add, actor, username, code_hash, now=now)

    async def get(self, code_hash: str, *, now: float) -> ResetLink:
        """Raises UnknownLink or LinkSpent."""
        return await self._database.read_few(_get, code_hash, now=now)

    async def use(self, code_hash: str, account: Account, *, password: str, address: str, now: float) -> list[str]:
        """The sessions that this ended: all. Of two at once exactly one succeeds. Raises UnknownLink or LinkSpent."""
        return await self._database.write(_use, code_hash, account, password=password, address=address, now=now)


def end_reset_links_of(connection: Connection, username: str, *, now: float) -> None:
    connection.execute(
        "UPDATE reset_links SET ended_at = ? WHERE username = ? AND ended_at IS NULL", (int(now), username)
    )


def _add(connection: Connection, actor: Actor, username: str, code_hash: str, *, now: float) -> ResetLink:
    hold_roles(connection)
    target = get_standing(connection, username)
    check_act(standing_of_actor(connection, actor), Action.MAKE_RESET_LINK, on=target.role)
    if target.is_banned:
        raise Banned
    connection.execute("DELETE FROM reset_links WHERE expires_at < ?", (int(now) - LINKS_KEPT_S,))
    end_reset_links_of(connection, target.username, now=now)
    link = ResetLink(target.username, int(now) + RESET_LINK_S, None)
    connection.execute(
        "INSERT INTO reset_links (code_hash, username, expires_at) VALUES (?, ?, ?)",
        (code_hash, link.username, link.expires_at),
    )
    note(connection, actor, Act.RESET_LINK, target=target.username, now=now)
    return link


def _get(connection: Connection, code_hash: str, *, now: float) -> ResetLink:
    query = "SELECT username, expires_at, ended_at FROM reset_links WHERE code_hash = ?"
    link = one(connection.execute(query, (code_hash,)).fetchone(), ResetLink)
    if link is None:
        raise UnknownLink
    if not link.is_good(now):
        raise LinkSpent
    return link


def _use(
    connection: Connection, code_hash: str, account: Account, *, password: str, address: str, now: float
) -> list[str]:
    _get(connection, code_hash, now=now)
    taken = connection.execute(
        "UPDATE reset_links SET ended_at = ? WHERE code_hash = ? AND username = ? AND ended_at IS NULL",
        (int(now), code_hash, account.username),
    )
    changed = connection.execute(
        "UPDATE users SET password = ?, password_version = password_version + 1 WHERE id = ? AND banned_at IS NULL",
        (password, account.id),
    )
    if not (taken.rowcount and changed.rowcount):  # somebody was quicker: another use, a ban, or an erasure
        raise LinkSpent
    note(connection, Actor(account.username, address), Act.RESET, target=account.username, now=now)
    return revoke_all(connection, account.username, now)
