"""The places of the list of rooms: which there are for somebody, in their order, as far as they are asked for."""

from collections.abc import Iterator
from typing import NamedTuple

from chat_service.store.quotas import IS_ROOM
from chat_service.store.rows import SEQ_MAX
from servicekit.database import Connection
from servicekit.texts import folded

# In no name of a room; in the place of one's own it stands between when it was active and its id.
_CURSOR_MARK = ","
_LAST_CHARACTER = "\U0010ffff"


class Wanted(NamedTuple):
    """Which rooms: those that hold `query_folded` in name or topic, and that `shared_with` is in too; "" is all."""

    query_folded: str = ""
    shared_with: str = ""


class Place(NamedTuple):
    """A room in the list: `cursor` says where it is, and so where the next page begins."""

    conversation_id: int
    name: str
    topic: str
    cursor: str


def places(connection: Connection, username: str, wanted: Wanted, after: str | None) -> Iterator[Place]:
    """Those behind the cursor `after`."""
    query, other = wanted
    found = _shared_places(connection, username, other, after or "") if other else _places(connection, username, after)
    for one in found:
        if not query or query in folded(one.name) or query in folded(one.topic):
            yield one


def _places(connection: Connection, username: str, after: str | None) -> Iterator[Place]:
    active_at, _, conversation_id = (after or "").rpartition(_CURSOR_MARK)
    if after is None:
        yield from _own_places(connection, username, _LAST_CHARACTER, SEQ_MAX)
    elif conversation_id.isdecimal() and active_at:
        yield from _own_places(connection, username, active_at, min(int(conversation_id[:19]), SEQ_MAX))
    after_public = "" if after is None or _CURSOR_MARK in after else after
    yield from _public_places(connection, username, after_public)


def _own_places(connection: Connection, username: str, active_at: str, conversation_id: int) -> Iterator[Place]:
    """Those that they are in or own, the last active first, behind the one that was active then."""
    rows = connection.execute(
        "WITH own AS ("
        f" SELECT conversation_id FROM memberships WHERE username = :username AND {IS_ROOM}"
        # Its owner is not in it where the service died between the making and the joining; they may still join.
        " UNION SELECT conversation_id FROM rooms WHERE owner_username = :username),"
        " active AS (SELECT rooms.conversation_id, rooms.name, topic, coalesce((SELECT timestamp FROM messages"
        "  WHERE messages.conversation_id = rooms.conversation_id ORDER BY seq DESC LIMIT 1), created_at) AS active_at"
        " FROM own JOIN rooms ON rooms.conversation_id = own.conversation_id)"
        " SELECT * FROM active WHERE active_at < :at OR (active_at = :at AND conversation_id < :id)"
        " ORDER BY active_at DESC, conversation_id DESC",
        {"username": username, "at": active_at, "id": conversation_id},
    )
    for row in rows:
        cursor = f"{row['active_at']}{_CURSOR_MARK}{row['conversation_id']}"
        yield Place(row["conversation_id"], row["name"], row["topic"], cursor)


def _public_places(connection: Connection, username: str, after: str) -> Iterator[Place]:
    """The others that everybody may enter, by name."""
    rows = connection.execute(
        "SELECT conversation_id, name, topic, name_folded FROM rooms"
        " WHERE is_private = 0 AND name_folded > ? AND (owner_username IS NULL OR owner_username <> ?)"
        " AND NOT EXISTS (SELECT 1 FROM memberships AS own"
        "  WHERE own.conversation_id = rooms.conversation_id AND own.username = ?) ORDER BY name_folded",
        (after, username, username),
    )
    for row in rows:
        yield Place(row["conversation_id"], row["name"], row["topic"], row["name_folded"])


def _shared_places(connection: Connection, username: str, other: str, after: str) -> Iterator[Place]:
    """Those that both are in, by name: what one is in alone the other learns nothing of."""
    rows = connection.execute(
        "SELECT rooms.conversation_id, name, topic, name_folded FROM memberships AS own"
        " JOIN memberships AS theirs ON theirs.conversation_id = own.conversation_id AND theirs.username = ?"
        " JOIN rooms ON rooms.conversation_id = own.conversation_id"
        " WHERE own.username = ? AND name_folded > ? ORDER BY name_folded",
        (other, username, after),
    )
    for row in rows:
        yield Place(row["conversation_id"], row["name"], row["topic"], row["name_folded"])
