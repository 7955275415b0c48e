"""Moderation: who may do what to whom in a room.

A person's positions are one in the room and one in the whole community. What they have in the community counts in
public rooms and in rooms that they are in; it protects them everywhere.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

TIMEOUT_S_MAX = 28 * 24 * 3_600
SLOW_MODE_S_MAX = 6 * 3_600


class RoomRole(StrEnum):
    """What a room's owner may make of a member."""

    MODERATOR = "moderator"
    MEMBER = "member"


class Position(StrEnum):
    MEMBER = "member"
    ROOM_MODERATOR = "room moderator"
    ROOM_OWNER = "room owner"
    MODERATOR = "moderator"
    OWNER = "owner"


class Act(StrEnum):
    """The word is also what the audit says."""

    REMOVE_MESSAGE = "message_removed"
    REMOVE_MEMBER = "member_removed"
    TIME_OUT = "timed_out"
    END_TIMEOUT = "timeout_ended"
    SET_SLOW_MODE = "slow_mode"
    SET_ROLE = "room_role"


_MEMBER = frozenset({Position.MEMBER})
_IN_ROOM = _MEMBER | {Position.ROOM_MODERATOR, Position.ROOM_OWNER}
_EVERYBODY = frozenset(Position)
# A moderator acts on members only: one of a room on who is nothing else there, one of the community on who is nothing
# else in it, be it in a room of their own; to leave that room is the owner's own affair.
_COMMUNITY = {Position.MODERATOR: _IN_ROOM, Position.OWNER: _IN_ROOM | {Position.MODERATOR}}
_CLEARING = {Position.ROOM_MODERATOR: _MEMBER, Position.ROOM_OWNER: _EVERYBODY, **_COMMUNITY}
_SILENCING = {
    Position.ROOM_MODERATOR: _MEMBER,
    Position.ROOM_OWNER: _MEMBER | {Position.ROOM_MODERATOR},
    **_COMMUNITY,
}
# By act and by who acts: on whom they may.
TABLE: Mapping[Act, Mapping[Position, frozenset[Position]]] = MappingProxyType(
    {
        Act.REMOVE_MESSAGE: _CLEARING,
        Act.REMOVE_MEMBER: _CLEARING,
        Act.TIME_OUT: _SILENCING,
        Act.END_TIMEOUT: _SILENCING,
        Act.SET_ROLE: {Position.ROOM_OWNER: _EVERYBODY - {Position.ROOM_OWNER}},
        # On nobody in particular.
        Act.SET_SLOW_MODE: dict.fromkeys(_EVERYBODY - _MEMBER, _MEMBER),
    }
)


def may(act: Act, actor: frozenset[Position], target: frozenset[Position] = _MEMBER) -> bool:
    """Whether who has the positions `actor` may do it to who has all of `target`."""
    return any(target <= TABLE[act].get(position, frozenset()) for position in actor)


def is_slowed(writer: frozenset[Position]) -> bool:
    """Whether slow mode is for them."""
    return writer <= _MEMBER
