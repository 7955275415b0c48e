"""What pages offer in a room is what the chat service does."""

import pytest

from chat_service.domain.moderation import Act, Position, may
from gateway.domain.api_types import Room
from gateway.domain.room_powers import ROOM_ROLES, RoomPowers, powers_in

IN_ROOM = {"member": Position.MEMBER, "moderator": Position.ROOM_MODERATOR, "owner": Position.ROOM_OWNER}
IN_COMMUNITY = {"moderator": Position.MODERATOR, "owner": Position.OWNER}
OFFERED = {
    Act.REMOVE_MESSAGE: RoomPowers.may_remove_message_of,
    Act.TIME_OUT: RoomPowers.may_time_out,
    Act.END_TIMEOUT: RoomPowers.may_time_out,
    Act.REMOVE_MEMBER: RoomPowers.may_remove,
    Act.SET_ROLE: RoomPowers.may_set_role_of,
}


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("is_member", [False, True])
@pytest.mark.parametrize("community_role", ["member", "moderator", "owner"])
@pytest.mark.parametrize("role", [None, *ROOM_ROLES])
def test_what_is_offered_is_what_is_done(
    role: str | None, community_role: str, *, is_member: bool, private: bool
) -> None:
    roles = {"grace": "owner", "linus": "moderator"}
    room = Room(name="garden", private=private, is_member=is_member, role=role, roles=roles)
    powers = powers_in(room, community_role)
    counts = community_role != "member" and (is_member or not private)
    actor = {IN_ROOM[role or "member"], *([IN_COMMUNITY[community_role]] if counts else [])}
    actor = actor - {Position.MEMBER} or actor
    for username, target in (("grace", "owner"), ("linus", "moderator"), ("margaret", "member")):
        for act, offered in OFFERED.items():
            is_done = may(act, frozenset(actor), frozenset({IN_ROOM[target]}))
            if act is Act.REMOVE_MEMBER and target == "owner":
                is_done = False  # of a room the owner stays
            assert offered(powers, username) is is_done, (act, username)
    assert powers.moderates is may(Act.SET_SLOW_MODE, frozenset(actor))
