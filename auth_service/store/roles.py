"""Roles as they are kept; what decides by them holds them until it is committed."""

from auth_service.domain.account import fold_username
from auth_service.domain.refusals import NotAllowed, UnknownUser
from auth_service.domain.roles import Actor, Role, Standing
from servicekit.database import Connection, hold


def hold_roles(connection: Connection) -> None:
    """Nobody's role changes, and nobody is banned, until this transaction ends."""
    hold(connection, "roles")


def get_standing(connection: Connection, username: str) -> Standing:
    """Raises UnknownUser."""
    query = "SELECT username, role, banned_at FROM users WHERE username_folded = ?"
    row = connection.execute(query, (fold_username(username),)).fetchone()
    if row is None:
        raise UnknownUser
    return Standing(row["username"], Role(row["role"]), row["banned_at"] is not None)


def standing_of_actor(connection: Connection, actor: Actor) -> Standing | None:
    """None for whoever has the machine. Raises NotAllowed for who is here no more."""
    if actor.has_the_machine:
        return None
    try:
        return get_standing(connection, actor.username)
    except UnknownUser:
        raise NotAllowed from None


def count_owners(connection: Connection) -> int:
    """Those who are not banned."""
    query = "SELECT count(*) FROM users WHERE role = ? AND banned_at IS NULL"
    return int(connection.execute(query, (Role.OWNER.value,)).fetchone()[0])
