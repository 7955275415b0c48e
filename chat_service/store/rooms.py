"""Rooms: what they are called and are about, who owns them, and who is in them."""

from collections.abc import Sequence
from itertools import islice
from typing import Literal

import msgspec

from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.notification_levels import Level, usual
from chat_service.domain.quotas import USUAL_QUOTAS, Quotas
from chat_service.domain.refusals import RoomTaken
from chat_service.store.erasures import check_not_erased
from chat_service.store.moderation import find_membership
from chat_service.store.notification_levels import chosen_columns
from chat_service.store.quotas import check_owned
from chat_service.store.room_places import Wanted, places
from chat_service.store.rows import epoch, last_seq
from chat_service.store.unread_counts import mentions, unread
from servicekit.database import Connection, Database, Row
from servicekit.texts import folded

MEMBERS_LISTED_MAX = 10_000


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A room as one person sees it; who is not in it has nothing unread.

    `unread_seq` is from where on they marked it as unread; `level` and `muted_until` are what they are notified of.
    `role` is what they are in it, `timed_out_until` the end of a timeout of theirs. Both times may be over.
    `section` is the heading of the list under which it stands, at its `position` there. What was said last is for
    members alone.
    """

    name: str
    topic: str
    private: bool
    owner: str | None
    created_at: str
    members_count: int
    is_member: bool
    last_seq: int
    epoch: str
    unread: int
    mentions: int
    unread_seq: int | None
    level: Level | None
    muted_until: str | None
    slow_mode_s: int
    role: Literal["owner", "moderator", "member"] | None
    timed_out_until: str | None
    section: str | None
    position: int
    last_message: str | None
    last_message_time: str | None
    last_sender_username: str | None


class Member(msgspec.Struct, frozen=True):
    username: str
    role: str
    timed_out_until: str | None


class RoomsPage(msgspec.Struct, frozen=True):
    """`after` is where the next page begins; None: this was the last one."""

    rooms: list[Room]
    after: str | None


class Rooms:
    def __init__(self, database: Database, *, quotas: Quotas = USUAL_QUOTAS) -> None:
        self._database = database
        self._quotas = quotas

    async def page_for(
        self, username: str, *, query: str, shared_with: str, after: str | None, limit: int
    ) -> RoomsPage:
        """Their own rooms, the last active first, then the other public ones by name.

        With `shared_with`, those that they are in with that person, by name. With a `query`, those that hold it in name
        or topic, compared as folded: then it may take long, and raises TooManyAtOnce or TookTooLong.
        """
        wanted = Wanted(folded(query), shared_with)
        if query:
            return await self._database.read_long(username, _page, username, wanted, after, limit)
        return await self._database.read(_page, username, wanted, after, limit)

    async def timed_out_until(self, username: str, name: str) -> str | None:
        """When a timeout of theirs ends or has ended; None without one, and for who is not in the room."""
        return await self._database.read_few(_timed_out_until, username, name)

    async def find(self, username: str, name: str) -> Room | None:
        """The room of that name in any case, if they may know of it."""
        return await self._database.read(_find, username, name.casefold())

    async def find_name(self, username: str, name: str) -> str | None:
        """What that room is called, likewise: it has far less to count."""
        return await self._database.read_few(_find_name, username, name.casefold())

    async def members(self, name: str) -> list[Member]:
        return await self._database.read(_members, Conversation.room(name))

    async def members_among(self, name: str, usernames: Sequence[str]) -> list[str]:
        return await self._database.read_few(_members_among, Conversation.room(name), usernames)

    async def create(
        self,
        *,
        name: str,
        topic: str,
        private: bool,
        owner: str,
        now: str,
        section: str | None = None,
        position: int = 0,
    ) -> None:
        """Make the room, as yet without anybody in it.

        Raises RoomTaken, TooManyRooms, or UnknownRecipient if `owner` is erased.
        """
        await self._database.write(
            _create, name, topic, owner, now, self._quotas, private=private, section=section, position=position
        )


def _timed_out_until(connection: Connection, username: str, name: str) -> str | None:
    row = find_membership(connection, username, name)
    return None if row is None else row[0]


def _page(connection: Connection, username: str, wanted: Wanted, after: str | None, limit: int) -> RoomsPage:
    found = list(islice(places(connection, username, wanted, after), limit + 1))
    rooms = _rooms(connection, username, [one.conversation_id for one in found[:limit]])
    return RoomsPage(rooms, found[limit - 1].cursor if len(found) > limit else None)


def _find(connection: Connection, username: str, name_folded: str) -> Room | None:
    row = connection.execute(f"{_ROOM} {_KNOWN_BY_NAME}", {"username": username, "name": name_folded}).fetchone()
    return _room(row) if row else None


def _find_name(connection: Connection, username: str, name_folded: str) -> str | None:
    row = connection.execute(
        f"SELECT rooms.name FROM rooms {_OWN_MEMBERSHIP} {_KNOWN_BY_NAME}", {"username": username, "name": name_folded}
    ).fetchone()
    return row[0] if row else None


def _rooms(connection: Connection, username: str, ids: list[int]) -> list[Room]:
    """In the order of `ids`."""
    if not ids:
        return []
    wanted = {f"id{number}": one for number, one in enumerate(ids)}
    marks = ", ".join(f":{name}" for name in wanted)
    rows = connection.execute(f"{_ROOM} WHERE rooms.conversation_id IN ({marks})", {"username": username, **wanted})
    found = {row["conversation_id"]: _room(row) for row in rows}
    return [found[one] for one in ids]


_OWN_MEMBERSHIP = (
    "LEFT JOIN memberships AS own ON own.conversation_id = rooms.conversation_id AND own.username = :username"
)
_KNOWN_BY_NAME = (
    "WHERE name_folded = :name AND (is_private = 0 OR own.username IS NOT NULL OR owner_username = :username)"
)
_ROOM_LABEL = "'#' || rooms.name"
_OWN_MARKS = ("rooms.conversation_id", "own.read_seq", "own.unread_seq", ":username")
_ROOM = (
    "SELECT rooms.conversation_id, rooms.name, topic, is_private, owner_username, rooms.created_at, own.read_seq,"
    " (SELECT count(*) FROM memberships WHERE memberships.conversation_id = rooms.conversation_id) AS members,"
    f" {last_seq('rooms.conversation_id')} AS last_seq, {epoch('rooms.conversation_id')} AS epoch,"
    f" {unread(*_OWN_MARKS)} AS unread, {mentions(*_OWN_MARKS)} AS mentions, own.unread_seq,"
    f" {chosen_columns(_ROOM_LABEL, ':username')},"
    " (SELECT slow_mode_s FROM conversations WHERE conversations.id = rooms.conversation_id) AS slow_mode_s,"
    " CASE WHEN owner_username = :username THEN 'owner' ELSE own.role END AS role,"
    " (SELECT until FROM timeouts WHERE timeouts.conversation_id = rooms.conversation_id"
    "  AND timeouts.username = :username) AS timed_out_until,"
    " section, position, last.message AS last_message, last.timestamp AS last_message_time,"
    " last.sender_username AS last_sender_username"
    f" FROM rooms {_OWN_MEMBERSHIP}"
    " LEFT JOIN messages AS last ON last.conversation_id = own.conversation_id"
    "  AND last.seq = (SELECT max(seq) FROM messages"
    "   WHERE messages.conversation_id = own.conversation_id AND deleted_at IS NULL)"
)


def _room(row: Row) -> Room:
    return Room(
        name=row["name"],
        topic=row["topic"],
        private=bool(row["is_private"]),
        owner=row["owner_username"],
        created_at=row["created_at"],
        members_count=row["members"],
        is_member=row["read_seq"] is not None,
        last_seq=row["last_seq"],
        epoch=row["epoch"],
        unread=row["unread"],
        mentions=row["mentions"],
        unread_seq=row["unread_seq"],
        level=_level(row),
        muted_until=row["muted_until"],
        slow_mode_s=row["slow_mode_s"],
        role=row["role"],
        timed_out_until=row["timed_out_until"],
        section=row["section"],
        position=row["position"],
        last_message=row["last_message"],
        last_message_time=row["last_message_time"],
        last_sender_username=row["last_sender_username"],
    )


def _level(row: Row) -> Level | None:
    """None for who is not in it."""
    if row["read_seq"] is None:
        return None
    return Level(row["level"]) if row["level"] else usual(Label.of_room(row["name"])).level


def _members(connection: Connection, room: Conversation) -> list[Member]:
    rows = connection.execute(
        "SELECT memberships.username, CASE WHEN owner_username = memberships.username THEN 'owner' ELSE role END,"
        " timed_out_until FROM memberships JOIN conversations ON conversations.id = memberships.conversation_id"
        " JOIN rooms ON rooms.conversation_id = conversations.id"
        " WHERE conversations.name = ? ORDER BY memberships.username LIMIT ?",
        (room.name, MEMBERS_LISTED_MAX),
    )
    return [Member(*row) for row in rows]


def _members_among(connection: Connection, room: Conversation, usernames: Sequence[str]) -> list[str]:
    statement = "SELECT 1 FROM memberships WHERE username = ? AND label = ?"
    return [name for name in usernames if connection.execute(statement, (name, room.name)).fetchone()]


def _create(
    connection: Connection,
    name: str,
    topic: str,
    owner: str,
    now: str,
    quotas: Quotas,
    *,
    private: bool,
    section: str | None,
    position: int,
) -> None:
    check_not_erased(connection, owner)
    check_owned(connection, owner, quotas)
    made = connection.execute(
        "INSERT INTO conversations (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING RETURNING id",
        (Conversation.room(name).name, now),
    ).fetchone()
    if made is None:
        raise RoomTaken(name)
    room = connection.execute(
        "INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, owner_username, created_at, section,"
        " position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name_folded) DO NOTHING",
        (made["id"], name, name.casefold(), topic, private, owner, now, section, position),
    )
    if room.rowcount == 0:
        raise RoomTaken(name)
