"""Rooms: what they are called and are about, who owns them, and who is in them."""

from typing import Any

import msgspec

from chat_service.domain.conversations import room_label
from chat_service.domain.refusals import RoomTaken
from chat_service.store.erasures import check_not_erased
from chat_service.store.rows import last_seq
from servicekit.database import Connection, Database, Row

ROOMS_LISTED_MAX = 1_000
MEMBERS_LISTED_MAX = 10_000


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A room as one person sees it; who is not in it has nothing unread."""

    name: str
    topic: str
    private: bool
    owner: str | None
    created_at: str
    members_count: int
    is_member: bool
    last_seq: int
    unread: int


class Rooms:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_for(self, username: str) -> list[Room]:
        """The public ones and their own, by name."""
        return await self._database.read(_list_rooms, username, None)

    async def find(self, username: str, name: str) -> Room | None:
        """The room of that name in any case, if they may know of it."""
        return next(iter(await self._database.read(_list_rooms, username, name.casefold())), None)

    async def members(self, name: str) -> list[str]:
        return await self._database.read(_members, room_label(name))

    async def create(self, *, name: str, topic: str, private: bool, owner: str, now: str) -> None:
        """Make the room, as yet without anybody in it. Raises RoomTaken, or UnknownRecipient if `owner` is erased."""
        await self._database.write(_create, name, topic, owner, now, private=private)

    async def change(self, name: str, *, topic: str | None, private: bool | None) -> None:
        await self._database.write(_change, name, topic, private=private)


def _list_rooms(connection: Connection, username: str, name_folded: str | None) -> list[Room]:
    rows = connection.execute(
        "SELECT rooms.name, topic, is_private, owner_username, rooms.created_at, own.read_seq,"
        " (SELECT count(*) FROM memberships WHERE memberships.conversation_id = rooms.conversation_id) AS members,"
        f" {last_seq('rooms.conversation_id')} AS last_seq,"
        " (SELECT count(*) FROM messages WHERE messages.conversation_id = rooms.conversation_id"
        "  AND deleted_at IS NULL AND sender_username <> ?"
        # Only above the read mark: it is looked for with every row, for who never spoke down to its end.
        "  AND seq > coalesce((SELECT seq FROM messages AS mine WHERE mine.sender_username = ?"
        "   AND mine.conversation_id = rooms.conversation_id AND mine.seq > own.read_seq"
        "   ORDER BY seq DESC LIMIT 1), own.read_seq)) AS unread"
        " FROM rooms LEFT JOIN memberships AS own"
        "  ON own.conversation_id = rooms.conversation_id AND own.username = ?"
        # Its owner is not in it where the service died between the making and the joining; they may still join.
        " WHERE (is_private = 0 OR own.username IS NOT NULL OR owner_username = ?)"
        " AND name_folded = coalesce(?, name_folded) ORDER BY name_folded LIMIT ?",
        (username, username, username, username, name_folded, ROOMS_LISTED_MAX),
    )
    return [_room(row) for row in rows]


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
        unread=row["unread"],
    )


def _members(connection: Connection, label: str) -> list[str]:
    rows = connection.execute(
        "SELECT username FROM memberships JOIN conversations ON conversations.id = conversation_id"
        " WHERE name = ? ORDER BY username LIMIT ?",
        (label, MEMBERS_LISTED_MAX),
    )
    return [username for (username,) in rows]


def _create(connection: Connection, name: str, topic: str, owner: str, now: str, *, private: bool) -> None:
    check_not_erased(connection, owner)
    made = connection.execute(
        "INSERT INTO conversations (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING RETURNING id",
        (room_label(name), now),
    ).fetchone()
    if made is None:
        raise RoomTaken(name)
    room = connection.execute(
        "INSERT INTO rooms (conversation_id, name, name_folded, topic, is_private, owner_username, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name_folded) DO NOTHING",
        (made["id"], name, name.casefold(), topic, private, owner, now),
    )
    if room.rowcount == 0:
        raise RoomTaken(name)


def _change(connection: Connection, name: str, topic: str | None, *, private: bool | None) -> None:
    values: tuple[Any, ...] = (topic, private, name.casefold())
    connection.execute(
        "UPDATE rooms SET topic = coalesce(?, topic), is_private = coalesce(?, is_private) WHERE name_folded = ?",
        values,
    )
