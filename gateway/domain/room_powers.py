"""Room powers: what the reader may do in a room to others, as far as a page can know it.

It says what is offered. What is done the chat service decides, which also knows what others are in the community.
"""

from collections.abc import Mapping

import msgspec

from gateway.domain.api_types import Room
from gateway.domain.community import is_moderator

MEMBER, MODERATOR, OWNER = ROOM_ROLES = ("member", "moderator", "owner")


class RoomPowers(msgspec.Struct, frozen=True, kw_only=True):
    """On whom the reader may act, by their role in the room; `roles` has those that are no mere members."""

    removes_messages_of: tuple[str, ...] = ()
    times_out: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    sets_role_of: tuple[str, ...] = ()
    roles: Mapping[str, str] = {}

    @property
    def moderates(self) -> bool:
        """Whether they keep order here: then slow mode is theirs to set, and not for them."""
        return bool(self.removes_messages_of)

    def role_of(self, username: str) -> str:
        return self.roles.get(username, MEMBER)

    def may_remove_message_of(self, username: str) -> bool:
        return self.role_of(username) in self.removes_messages_of

    def may_time_out(self, username: str) -> bool:
        return self.role_of(username) in self.times_out

    def may_remove(self, username: str) -> bool:
        return self.role_of(username) in self.removes

    def may_set_role_of(self, username: str) -> bool:
        return self.role_of(username) in self.sets_role_of


NO_POWERS = RoomPowers()


def powers_in(room: Room, community_role: str) -> RoomPowers:
    """`community_role` counts in public rooms, and in those that the reader is in."""
    moderates_community = is_moderator(community_role) and (room.is_member or not room.private)
    if not moderates_community and room.role not in {MODERATOR, OWNER}:
        return RoomPowers(roles=room.roles)
    acts_on = ROOM_ROLES if moderates_community or room.role == OWNER else (MEMBER,)
    below = tuple(role for role in acts_on if role != OWNER)
    return RoomPowers(
        removes_messages_of=acts_on,
        times_out=acts_on if moderates_community else below,
        removes=below,
        sets_role_of=below if room.role == OWNER else (),
        roles=room.roles,
    )
