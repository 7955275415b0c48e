"""People as chat knows them: their profiles, and whom each has saved."""

from collections.abc import Iterable, Mapping
from typing import Any

from chat_service.domain.people import Person
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.store.erasures import begin_erasure, check_not_erased
from chat_service.store.quotas import check_saved
from servicekit.database import Connection, Database
from servicekit.texts import folded_username


class PeopleStore:
    def __init__(self, database: Database, *, quotas: Quotas = USUAL_QUOTAS) -> None:
        self._database = database
        self._quotas = quotas

    async def save_chat(self, username: str, other: str, *, nickname: str | None, pfp: str | None, now: str) -> None:
        """Raises UnknownRecipient if one of them has erased their account, or TooManySavedChats."""
        await self._database.write(_save_chat, username, other, nickname, pfp, now, self._quotas)

    async def contacts(self, username: str) -> list[str]:
        """Whom the person has saved."""
        return await self._database.read(_column, _CONTACTS, username)

    async def watchers(self, username: str) -> list[str]:
        """Who has saved the person."""
        return await self._database.read(_column, _WATCHERS, username)

    async def find_person(self, username: str) -> Person | None:
        """By name in any case."""
        return await self._database.read(_find_person, username)

    async def people_version(self) -> int:
        return await self._database.read(_people_version)

    async def forget_versions(self) -> None:
        """Let any version of a profile be newer than what is known."""
        await self._database.write(_forget_versions)

    async def put_people(self, people: Iterable[Person]) -> None:
        """Take over new, changed and erased profiles, into the saved chats that show them too."""
        await self._database.write(_put_people, list(people))


_CONTACTS = "SELECT chat_username FROM contacts WHERE user_username = ?"
_WATCHERS = "SELECT user_username FROM contacts WHERE chat_username = ?"


def _save_chat(
    connection: Connection,
    username: str,
    other: str,
    nickname: str | None,
    pfp: str | None,
    now: str,
    quotas: Quotas,
) -> None:
    check_not_erased(connection, username, other)
    check_saved(connection, username, other, quotas)
    connection.execute(
        "INSERT INTO contacts (user_username, chat_username, chat_nickname, chat_pfp, created_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_username, chat_username)"
        " DO UPDATE SET chat_nickname = excluded.chat_nickname, chat_pfp = excluded.chat_pfp",
        (username, other, nickname, pfp, now),
    )


def _column(connection: Connection, query: str, *values: Any) -> list[str]:
    return [value for (value,) in connection.execute(query, values)]


def _find_person(connection: Connection, username: str) -> Person | None:
    row: Mapping[str, Any] | None = connection.execute(
        "SELECT username, nickname, pfp, version, username IN (SELECT username FROM erasures) AS is_erased"
        " FROM people WHERE username_folded = ?",
        (folded_username(username),),
    ).fetchone()
    if row is None:
        return None
    return Person(row["username"], row["nickname"], row["pfp"], row["version"], bool(row["is_erased"]))


def _people_version(connection: Connection) -> int:
    (version,) = connection.execute("SELECT coalesce(max(version), 0) FROM people").fetchone()
    return int(version)


def _forget_versions(connection: Connection) -> None:
    connection.execute("UPDATE people SET version = 0")


def _put_people(connection: Connection, people: list[Person]) -> None:
    for person in people:
        if person.erased:
            begin_erasure(connection, person.username)
        changed = connection.execute(
            "INSERT INTO people (username, username_folded, nickname, pfp, version) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (username) DO UPDATE SET nickname = excluded.nickname, pfp = excluded.pfp,"
            " version = excluded.version WHERE people.version < excluded.version",
            (person.username, folded_username(person.username), person.nickname, person.pfp, person.version),
        )
        if changed.rowcount == 0:  # known already: a name saved by hand since then stays
            continue
        connection.execute(
            "UPDATE contacts SET chat_nickname = ?, chat_pfp = ? WHERE chat_username = ?",
            (person.nickname, person.pfp, person.username),
        )
