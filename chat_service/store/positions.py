"""Positions: what somebody is in a room and in the community, asked for inside the transaction that depends on it."""

from chat_service.domain.moderation import Act, Position, may
from chat_service.domain.refusals import NotAllowed, NotTheAuthor, NotTheOwner
from chat_service.store.log_end import LogEnd
from servicekit.database import Connection
from servicekit.problems import Refusal

_COMMUNITY_ROLES = {one.value: one for one in (Position.MODERATOR, Position.OWNER)}
# How who is nothing more than a member is refused: as before there were moderators.
_OF_MEMBERS: dict[Act, type[Refusal]] = {Act.REMOVE_MESSAGE: NotTheAuthor, Act.REMOVE_MEMBER: NotTheOwner}


def positions(connection: Connection, room_id: int, username: str, *, acts: bool = False) -> frozenset[Position]:
    """All of them, or for who `acts` those that count in this room."""
    row = connection.execute(
        "SELECT rooms.owner_username, is_private, memberships.username AS member, memberships.role AS room_role,"
        " people.role AS role, is_banned FROM rooms"
        " LEFT JOIN memberships ON memberships.conversation_id = rooms.conversation_id AND memberships.username = :who"
        " LEFT JOIN people ON people.username = :who WHERE rooms.conversation_id = :room",
        {"who": username, "room": room_id},
    ).fetchone()
    if row is None:
        return frozenset({Position.MEMBER})
    found = set()
    if row["owner_username"] == username:
        found.add(Position.ROOM_OWNER)
    elif row["room_role"] == "moderator":
        found.add(Position.ROOM_MODERATOR)
    counts = not acts or not row["is_private"] or row["member"] is not None
    if counts and not row["is_banned"] and row["role"] in _COMMUNITY_ROLES:
        found.add(_COMMUNITY_ROLES[row["role"]])
    return frozenset(found or {Position.MEMBER})


def check_may(connection: Connection, end: LogEnd, act: Act, actor: str, target: str | None = None) -> None:
    """Raises NotAllowed, or for a mere member what they have always been told."""
    own = positions(connection, end.id, actor, acts=True)
    if actor != target:
        theirs = positions(connection, end.id, target) if target is not None else frozenset({Position.MEMBER})
        if may(act, own, theirs):
            return
    raise _OF_MEMBERS.get(act, NotAllowed)() if own == {Position.MEMBER} else NotAllowed
