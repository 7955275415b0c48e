"""People as chat knows them: their profiles, and whom each has saved."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from chat_service.domain.conversations import Label
from chat_service.domain.people import Person
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.store.blocks import keep_barred_of
from chat_service.store.erasures import begin_erasure, check_not_erased, hold_person
from chat_service.store.quotas import check_saved
from servicekit.database import Connection, Database, Row
from servicekit.texts import folded_username


class Concerned(NamedTuple):
    """Those who have saved a person, and the rooms that the person is in."""

    watchers: list[str]
    rooms: list[Label]


class PeopleStore:
    """`forget` takes what depends on bans out of what the log remembers."""

    def __init__(
        self, database: Database, *, quotas: Quotas = USUAL_QUOTAS, forget: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._quotas = quotas
        self._forget = forget

    async def save_chat(self, username: str, other: str, *, nickname: str | None, pfp: str | None, now: str) -> None:
        """Raises UnknownRecipient if one of them has erased their account, or TooManySavedChats."""
        await self._database.write(_save_chat, username, other, nickname, pfp, now, self._quotas)

    async def contacts(self, username: str) -> list[str]:
        """Whom the person has saved, but for who has blocked them: these they never see online."""
        return await self._database.read(_column, _CONTACTS, username)

    async def watchers(self, username: str) -> list[str]:
        """Who has saved the person, but for whom that one has blocked."""
        return await self._database.read(_column, _WATCHERS, username)

    async def has_saved(self, username: str, other: str) -> bool:
        return bool(await self._database.read_few(_column, f"{_SAVED} AND chat_username = ?", username, other))

    async def find_person(self, username: str) -> Person | None:
        """By name in any case."""
        return await self._database.read_few(_find_person, username)

    async def people_version(self) -> int:
        return await self._database.read_few(_people_version)

    async def forget_versions(self) -> None:
        """Let any version of a profile be newer than what is known."""
        await self._database.write(_forget_versions)

    async def put_people(self, people: Iterable[Person]) -> list[Person]:
        """Take over new, changed and erased profiles, into the saved chats that show them too.

        Those of them that were known otherwise and are not erased: of several instances one is told.
        """
        return await self._database.write(_put_people, list(people), self._forget)

    async def concerned(self, username: str) -> Concerned:
        """Who may see the person somewhere."""
        return await self._database.read(_concerned, username)


_SEES = (
    "NOT EXISTS (SELECT 1 FROM blocks"
    " WHERE blocks.username = contacts.chat_username AND blocked_username = contacts.user_username)"
)
_SAVED = "SELECT chat_username FROM contacts WHERE user_username = ?"
_CONTACTS = f"{_SAVED} AND {_SEES}"
_WATCHERS = f"SELECT user_username FROM contacts WHERE chat_username = ? AND {_SEES}"


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


def _find_person(connection: Connection, name: str) -> Person | None:
    row: Row | None = connection.execute(
        "SELECT username, nickname, pfp, version, username IN (SELECT username FROM erasures) AS is_erased, role,"
        " is_banned FROM people WHERE username_folded = ?",
        (folded_username(name),),
    ).fetchone()
    if row is None:
        return None
    username, nickname, pfp, version, is_erased, role, is_banned = row
    return Person(username, nickname, pfp, version, bool(is_erased), role, bool(is_banned))


def _people_version(connection: Connection) -> int:
    (version,) = connection.execute("SELECT coalesce(max(standing_version), 0) FROM people").fetchone()
    return int(version)


def _forget_versions(connection: Connection) -> None:
    connection.execute("UPDATE people SET version = 0, standing_version = 0")


def _concerned(connection: Connection, username: str) -> Concerned:
    watchers = _column(connection, "SELECT user_username FROM contacts WHERE chat_username = ?", username)
    labels = _column(connection, "SELECT label FROM memberships WHERE username = ? AND label LIKE '#%'", username)
    return Concerned(watchers, list(map(Label, labels)))


def _put_people(connection: Connection, people: list[Person], forget: Callable[[], None]) -> list[Person]:
    return [person for person in people if _put_person(connection, person, forget)]


def _put_person(connection: Connection, person: Person, forget: Callable[[], None]) -> bool:
    """Whether they were known otherwise; who is erased is gone, which is told in other ways."""
    if person.erased:
        begin_erasure(connection, person.username)
    known = connection.execute(
        "SELECT nickname, pfp, version FROM people WHERE username = ?", (person.username,)
    ).fetchone()
    is_newer = _put_profile(connection, person)
    looks = (person.nickname, person.pfp)
    if is_newer and (known is None or (known["nickname"], known["pfp"]) != looks):  # else a name saved by hand stays
        connection.execute(
            "UPDATE contacts SET chat_nickname = ?, chat_pfp = ? WHERE chat_username = ?", (*looks, person.username)
        )
    _put_standing(connection, person, forget)
    return is_newer and known is not None and known["version"] > 0 and not person.erased


def _put_profile(connection: Connection, person: Person) -> bool:
    """Whether it is newer than what was known."""
    changed = connection.execute(
        "INSERT INTO people (username, username_folded, nickname, pfp, version) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (username) DO UPDATE SET nickname = excluded.nickname, pfp = excluded.pfp,"
        " version = excluded.version WHERE people.version < excluded.version",
        (person.username, folded_username(person.username), person.nickname, person.pfp, person.version),
    )
    return bool(changed.rowcount)


def _put_standing(connection: Connection, person: Person, forget: Callable[[], None]) -> None:
    """By a version of its own: an instance of an older version takes the profile without it."""
    known, is_banned = connection.execute(
        "SELECT standing_version, is_banned FROM people WHERE username = ?", (person.username,)
    ).fetchone()
    if known is not None and known >= person.version:
        return
    is_news = person.banned != bool(is_banned)
    if is_news:
        hold_person(connection, person.username)  # nobody begins a conversation with them meanwhile
    connection.execute(
        "UPDATE people SET role = ?, is_banned = ?, standing_version = ? WHERE username = ?",
        (person.role, person.banned, person.version, person.username),
    )
    if is_news:
        keep_barred_of(connection, person.username)
        forget()
    if known is None and person.invited_to is not None:
        connection.execute(
            "INSERT INTO arrivals (username, room, inviter) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (person.username, person.invited_to, person.invited_by),
        )
