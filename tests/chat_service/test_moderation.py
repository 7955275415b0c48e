"""Moderation in rooms: roles, and who may do what to whom."""

from itertools import product

import pytest

from chat_service.domain.moderation import Act, Position, is_slowed, may
from tests.chat_service import community
from tests.chat_service.conftest import garden
from tests.chat_service.erasure import say
from tests.chat_service.moderating import FORBIDDEN, GARDEN, set_role, time_out
from tests.chat_service.world import Instance, World

M, RM, RO, CM, CO = Position.MEMBER, Position.ROOM_MODERATOR, Position.ROOM_OWNER, Position.MODERATOR, Position.OWNER
CLEARING = {RM: {M}, RO: {M, RM, RO, CM, CO}, CM: {M, RM, RO}, CO: {M, RM, RO, CM}}
SILENCING = {**CLEARING, RO: {M, RM}}
# What the protocol promises, cell by cell.
PROMISED = {
    Act.REMOVE_MESSAGE: CLEARING,
    Act.REMOVE_MEMBER: CLEARING,
    Act.TIME_OUT: SILENCING,
    Act.END_TIMEOUT: SILENCING,
    Act.SET_ROLE: {RO: {M, RM, CM, CO}},
    Act.SET_SLOW_MODE: {RM: {M}, RO: {M}, CM: {M}, CO: {M}},
}


@pytest.mark.parametrize("act, actor, target", list(product(Act, Position, Position)))
def test_who_may_do_what_to_whom(act: Act, actor: Position, target: Position) -> None:
    is_promised = target in PROMISED[act].get(actor, set())
    assert may(act, frozenset({actor}), frozenset({target})) is is_promised


def test_who_is_two_things_has_the_rights_and_the_protection_of_both() -> None:
    both = frozenset({RM, CM})
    assert may(Act.TIME_OUT, both, frozenset({RO}))  # as a moderator of the community
    assert not may(Act.TIME_OUT, frozenset({RM}), frozenset({RO, CM}))
    assert not may(Act.TIME_OUT, frozenset({CM}), both)
    assert [is_slowed(frozenset({one})) for one in Position] == [True, False, False, False, False]


# Roles


async def test_the_owner_makes_moderators_and_everybody_in_the_room_sees_it(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace", "Linus")
    linus = await there.live_device("Linus")
    await set_role(here, "Ada", "Grace")
    heard = await linus.hear("role")
    assert (heard["username"], heard["role"], heard["by"], heard["conversation"]) == (
        "Grace",
        "moderator",
        "Ada",
        "#garden",
    )
    await set_role(here, "Ada", "Grace")  # is one already
    assert (await there.get("Linus", GARDEN))["roles"] == {"Ada": "owner", "Grace": "moderator"}
    assert [room["role"] for room in await there.get("Grace", "/api/rooms")] == ["moderator", None]
    await set_role(here, "Ada", "Grace", "member")
    assert (await linus.hear("role"))["role"] == "member"
    assert community.acts(world) == [("Ada", "room_role", "Grace", "garden")] * 2


async def test_only_the_owner_makes_moderators_and_only_of_members(world: World, chat: Instance) -> None:
    await garden(chat)
    await community.make(world, "Linus", "owner")
    for name in ("Grace", "Linus"):
        answer = await chat.does(name, "PUT", f"{GARDEN}/members/Linus/role", json={"role": "moderator"})
        assert answer == (403, "not_the_owner")
    path = f"{GARDEN}/members/Ada/role"
    assert await chat.does("Ada", "PUT", path, json={"role": "moderator"}) == FORBIDDEN
    await chat.remove_member("Ada", "garden", "Linus")
    path = f"{GARDEN}/members/Linus/role"
    assert await chat.does("Ada", "PUT", path, json={"role": "moderator"}) == (403, "not_a_member")
    assert await chat.does("Ada", "PUT", path, json={"role": "owner"}) == (422, "invalid")
    lobby = "/api/rooms/lobby/members/Grace/role"
    assert await chat.does("Linus", "PUT", lobby, json={"role": "moderator"}) == (403, "not_the_owner")


async def test_who_leaves_is_no_moderator_any_more(chat: Instance) -> None:
    await garden(chat)
    await chat.remove_member("Grace", "garden", "Grace")
    await chat.add_member("Grace", "garden", "Grace")
    assert (await chat.get("Ada", GARDEN))["roles"] == {"Ada": "owner"}
    assert await time_out(chat, "Grace", "Linus") == FORBIDDEN


# Against whom


@pytest.mark.parametrize("target", ["Ada", "Grace", "Linus"])
async def test_a_moderator_of_the_room_touches_neither_owner_nor_peer_nor_themselves(
    chat: Instance, target: str
) -> None:
    await garden(chat)
    await set_role(chat, "Ada", "Linus")
    (message_id,) = await say(chat, target, "hello", room="garden")
    assert await time_out(chat, "Grace", target) == FORBIDDEN
    if target == "Grace":
        assert await chat.does("Grace", "DELETE", f"{GARDEN}/messages/{message_id}") == 200  # it is hers
        return
    assert await chat.does("Grace", "DELETE", f"{GARDEN}/messages/{message_id}") == FORBIDDEN
    refused = await chat.does("Grace", "DELETE", f"{GARDEN}/members/{target}")
    assert refused == ((403, "not_the_owner") if target == "Ada" else FORBIDDEN)


async def test_a_moderator_removes_messages_and_members(world: World, chat: Instance) -> None:
    await garden(chat)
    ids = await say(chat, "Linus", "spam", "more spam", room="garden")
    linus, ada = await chat.live_device("Linus"), await chat.live_device("Ada")
    grace = await chat.live_device("Grace")
    assert await chat.does("Grace", "DELETE", f"{GARDEN}/messages/{ids[0]}") == 200
    await grace.send(type="delete", id=ids[1])
    for message_id in ids:
        for device in (ada, linus):
            heard = await device.hear("deleted")
            assert (heard["id"], heard["username"]) == (message_id, "Grace")
    await chat.remove_member("Grace", "garden", "Linus")
    assert (await linus.hear("left"))["username"] == "Linus"
    await linus.say_in("garden", "but")
    assert await linus.refused() == "not_a_member"
    assert community.acts(world)[1:] == [
        ("Grace", "message_removed", "Linus", "garden"),
        ("Grace", "message_removed", "Linus", "garden"),
        ("Grace", "member_removed", "Linus", "garden"),
    ]


async def test_members_are_refused_as_ever(chat: Instance) -> None:
    await garden(chat)
    (message_id,) = await say(chat, "Grace", "hello", room="garden")
    assert await chat.does("Linus", "DELETE", f"{GARDEN}/messages/{message_id}") == (403, "not_the_author")
    assert await chat.does("Linus", "DELETE", f"{GARDEN}/members/Grace") == (403, "not_the_owner")
    assert await time_out(chat, "Linus", "Grace") == FORBIDDEN
    assert await chat.does("Linus", "PATCH", GARDEN, json={"slow_mode_s": 5}) == FORBIDDEN


async def test_the_communitys_moderators_act_in_public_rooms_and_read_none_that_they_are_not_in(
    world: World, chat: Instance
) -> None:
    await chat.make_room("Ada", "garden", "Linus")
    (message_id,) = await say(chat, "Ada", "spam", room="garden")
    (other_id,) = await say(chat, "Linus", "spam", room="garden")
    assert await chat.does("Grace", "DELETE", f"{GARDEN}/messages/{message_id}") == (404, "unknown_message")
    await community.make(world, "Grace", "moderator")
    assert await chat.does("Grace", "DELETE", f"{GARDEN}/messages/{message_id}") == 200
    assert await time_out(chat, "Grace", "Ada") == 200  # a member of the community
    assert await chat.does("Grace", "PATCH", GARDEN, json={"slow_mode_s": 5}) == 200
    assert await chat.does("Grace", "PATCH", GARDEN, json={"topic": "mine"}) == (403, "not_the_owner")
    assert await chat.does("Grace", "GET", f"{GARDEN}/messages") == (403, "not_a_member")
    assert (await chat.get("Grace", GARDEN))["timeouts"].keys() == {"Ada"}
    assert await chat.does("Grace", "PATCH", f"{GARDEN}/messages/{other_id}", json={"message": "x"}) == (
        404,
        "unknown_message",
    )
    await chat.remove_member("Grace", "garden", "Linus")
    await community.make(world, "Linus", "moderator")
    assert await time_out(chat, "Grace", "Linus") == FORBIDDEN


async def test_in_a_private_room_they_are_what_they_are_in_there(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Linus", private=True)
    (message_id,) = await say(chat, "Linus", "hello", room="garden")
    await community.make(world, "Grace", "owner")
    assert await time_out(chat, "Grace", "Linus") == (404, "unknown_room")
    grace = await chat.live_device("Grace")
    await grace.send(type="delete", id=message_id)
    assert await grace.refused() == "unknown_message"
    await chat.add_member("Ada", "garden", "Grace")
    assert await time_out(chat, "Grace", "Linus") == 200
    assert community.acts(world) == [("Grace", "timed_out", "Linus", "")]
    await chat.remove_member("Ada", "garden", "Grace")  # it is her room


async def test_a_banned_moderator_is_none(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    await community.make(world, "Grace", "moderator")
    await community.ban(world, "Grace")
    assert await time_out(chat, "Grace", "Linus") == FORBIDDEN


async def test_they_act_while_the_auth_service_is_away(world: World, chat: Instance) -> None:
    await garden(chat)
    await community.make(world, "Linus", "moderator")
    await world.auth.stop()
    assert await time_out(chat, "Linus", "Grace") == 200
