"""People as moderators see them, in pages."""

from auth_service.domain.account import fold, fold_username
from auth_service.domain.moderation import PeopleFilter, Person
from auth_service.domain.refusals import UnknownUser
from auth_service.domain.roles import Action, Actor, Role, check_act
from auth_service.store.patterns import containing
from auth_service.store.roles import standing_of_actor
from servicekit.database import Connection, Database, Row

_PERSON = (
    "SELECT username, nickname, role, banned_at, created_at,"
    " (SELECT max(last_seen_at) FROM sessions WHERE sessions.username = users.username) AS last_seen_at,"
    " (SELECT count(*) FROM sessions WHERE sessions.username = users.username"
    "  AND revoked_at IS NULL AND expires_at > :now) AS sessions"
    " FROM users"
)


class PeopleStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_after(
        self, actor: Actor, wanted: PeopleFilter, after: str, *, now: float, limit: int
    ) -> list[Person]:
        """By username. Raises NotAllowed, TooManyAtOnce or TookTooLong."""
        return await self._database.read_long(actor.username, _list_after, actor, wanted, after, now=now, limit=limit)

    async def get(self, actor: Actor, username: str, *, now: float) -> Person:
        """Raises NotAllowed or UnknownUser."""
        return await self._database.read_few(_get, actor, username, now=now)

    async def count(self, *, now: float) -> dict[str, int]:
        """Those who are here, who of them is banned, and the sessions that are active. Raises TookTooLong."""
        return await self._database.read_long("", _count, now=now)


def _list_after(
    connection: Connection, actor: Actor, wanted: PeopleFilter, after: str, *, now: float, limit: int
) -> list[Person]:
    check_act(standing_of_actor(connection, actor), Action.LIST_PEOPLE)
    conditions, values = _conditions(wanted)
    rows = connection.execute(
        f"{_PERSON} WHERE username_folded > :after{conditions} ORDER BY username_folded LIMIT :limit",
        {**values, "now": int(now), "after": fold_username(after), "limit": limit},
    )
    return list(map(_person, rows))


def _get(connection: Connection, actor: Actor, username: str, *, now: float) -> Person:
    check_act(standing_of_actor(connection, actor), Action.LIST_PEOPLE)
    row = connection.execute(
        f"{_PERSON} WHERE username_folded = :username", {"now": int(now), "username": fold_username(username)}
    ).fetchone()
    if row is None:
        raise UnknownUser
    return _person(row)


def _count(connection: Connection, *, now: float) -> dict[str, int]:
    people, banned = connection.execute("SELECT count(*), count(banned_at) FROM users").fetchone()
    query = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND expires_at > ?"
    (sessions,) = connection.execute(query, (int(now),)).fetchone()
    return {"people": people, "banned": banned, "sessions": sessions}


def _conditions(wanted: PeopleFilter) -> tuple[str, dict[str, str]]:
    conditions, values = "", {}
    if wanted.query:
        conditions += r" AND (username_folded LIKE :part ESCAPE '\' OR nickname_folded LIKE :part ESCAPE '\')"
        values["part"] = containing(fold(wanted.query))
    if wanted.role is not None:
        conditions += " AND role = :role"
        values["role"] = wanted.role.value
    if wanted.state is not None:
        conditions += f" AND banned_at IS {'NOT ' * (wanted.state == 'banned')}NULL"
    return conditions, values


def _person(row: Row) -> Person:
    return Person(
        username=row["username"],
        nickname=row["nickname"],
        role=Role(row["role"]),
        state="active" if row["banned_at"] is None else "banned",
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        sessions=row["sessions"],
    )
