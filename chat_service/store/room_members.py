"""Who is in a room, with how they show themselves."""

from chat_service.domain.conversations import Conversation
from chat_service.domain.room_members import FoundMembers, KnownMember, Wanted, find
from chat_service.store.rooms import MEMBERS_LISTED_MAX
from servicekit.database import Connection, Database, Row


class RoomMemberStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_for(self, username: str, room: str, wanted: Wanted, *, asked_max: int) -> FoundMembers:
        """As `username` may see them. Raises TookTooLong."""
        return await self._database.read_in_turn(
            username, _find_for, username, Conversation.room(room), wanted, asked_max=asked_max
        )


def _find_for(
    connection: Connection, username: str, room: Conversation, wanted: Wanted, *, asked_max: int
) -> FoundMembers:
    rows = connection.execute(
        "SELECT memberships.username, coalesce(people.nickname, memberships.username) AS nickname,"
        " coalesce(people.pfp, '') AS pfp, memberships.timed_out_until,"
        " CASE WHEN owner_username = memberships.username THEN 'owner' ELSE memberships.role END AS role,"
        " CASE WHEN blocks.username IS NULL THEN 0 ELSE 1 END AS hides"
        " FROM memberships JOIN conversations ON conversations.id = memberships.conversation_id"
        " JOIN rooms ON rooms.conversation_id = conversations.id"
        " LEFT JOIN people ON people.username = memberships.username"
        " LEFT JOIN blocks ON blocks.username = memberships.username AND blocked_username = :reader"
        " WHERE conversations.name = :room ORDER BY memberships.username LIMIT :most",
        {"reader": username, "room": room.name, "most": MEMBERS_LISTED_MAX},
    )
    return find(list(map(_member, rows)), wanted, asked_max=asked_max)


def _member(row: Row) -> KnownMember:
    return KnownMember(
        username=row["username"],
        nickname=row["nickname"],
        pfp=row["pfp"],
        role=row["role"],
        timed_out_until=row["timed_out_until"],
        hides=bool(row["hides"]),
    )
