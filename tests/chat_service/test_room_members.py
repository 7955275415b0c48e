"""The members of a room as a list of people, and who of them is online."""

import pytest

from chat_service.domain.room_members import KnownMember, Wanted, find, present_first
from tests.chat_service.world import Instance, World


def member(username: str, *, role: str = "member", nickname: str = "", hides: bool = False) -> KnownMember:
    return KnownMember(
        username=username, nickname=nickname or username, pfp="", role=role, timed_out_until=None, hides=hides
    )


def test_who_keeps_order_comes_first_then_who_is_here_each_by_name() -> None:
    room = [
        member("zoe", role="owner"),
        member("mary", role="moderator"),
        member("ada", nickname="Éva"),
        member("bob"),
        member("Carl"),
        member("dan"),
    ]
    in_order = find(room, Wanted(), asked_max=9).members
    assert [one.username for one in in_order] == ["zoe", "mary", "bob", "Carl", "dan", "ada"]
    assert [one.username for one in present_first(in_order, {"dan"})] == ["zoe", "mary", "dan", "bob", "Carl", "ada"]
    assert [one.username for one in find(room, Wanted("\u00c9V"), asked_max=9).members] == ["ada"]


def test_presence_is_asked_of_so_many_and_of_nobody_who_hides_it() -> None:
    room = [member("ada"), member("bob", hides=True), member("carl")]
    assert find(room, Wanted("b"), asked_max=3).may_be_here == ["ada", "carl"]
    assert find(room, Wanted(), asked_max=2).may_be_here == ["ada"]


def test_who_is_wanted_by_their_username_is_found_alone_and_asked_for_beyond_the_first_of_a_room() -> None:
    room = [member("ada"), member("ada-b"), member("bob", hides=True), member("Carl")]
    found = find(room, Wanted(usernames=frozenset({"ADA", "bob", "carl", "nobody"})), asked_max=1)
    assert [one.username for one in found.members] == ["ada", "bob", "Carl"]
    assert (found.may_be_here, found.named_may_be_here) == (["ada"], ["ada", "Carl"])
    assert (found.members_count, find(room, Wanted(), asked_max=1).named_may_be_here) == (4, [])


async def test_the_list_of_members_tells_who_is_online_but_for_who_blocked_the_reader(
    world: World, chat: Instance
) -> None:
    await chat.make_room("Grace", "engines", "Ada", "Linus")
    world.auth.change("Linus", nickname="Tux", pfp="/api/files/1")
    await chat.live_device("Linus")
    await chat.live_device("Grace")
    page = await chat.get("Ada", "/api/rooms/ENGINES/members")
    assert (page["members_count"], page["online_count"]) == (3, 2)
    shown = [(one["username"], one["role"], one["online"]) for one in page["members"]]
    assert shown == [("Grace", "owner", True), ("Linus", "member", True), ("Ada", "member", False)]
    assert await chat.does("Linus", "PUT", "/api/blocks/Ada") == 204
    page = await chat.get("Ada", "/api/rooms/engines/members", query="LIN", limit=1)
    assert [(one["username"], one["online"]) for one in page["members"]] == [("Linus", False)]
    assert (page["members_count"], page["online_count"]) == (3, 1)
    page = await chat.get("Ada", "/api/rooms/engines/members", usernames="grace,linus,nobody")
    assert [(one["username"], one["online"]) for one in page["members"]] == [("Grace", True), ("Linus", False)]
    assert (page["members_count"], page["online_count"]) == (3, 1)


async def test_who_is_not_in_the_room_is_not_told_who_is_online(chat: Instance) -> None:
    await chat.make_room("Grace", "engines", "Linus")
    await chat.live_device("Grace")
    for reader, is_told in (("Ada", False), ("Linus", True)):
        page = await chat.get(reader, "/api/rooms/engines/members")
        assert (page["members_count"], page["online_count"]) == (2, int(is_told))
        assert [one["online"] for one in page["members"]] == [is_told, False]


async def test_only_moderators_are_told_of_timeouts(chat: Instance) -> None:
    await chat.make_room("Grace", "engines", "Ada", "Linus")
    assert await chat.does("Grace", "PUT", "/api/rooms/engines/timeouts/Linus", json={"seconds": 60}) == 200
    for reader, is_told in (("Grace", True), ("Ada", False)):
        page = await chat.get(reader, "/api/rooms/engines/members")
        (linus,) = (one for one in page["members"] if one["username"] == "Linus")
        assert (linus["timed_out_until"] is not None) == is_told


async def test_a_private_room_shows_its_members_to_nobody_else(chat: Instance) -> None:
    await chat.make_room("Grace", "cellar", private=True)
    assert await chat.does("Ada", "GET", "/api/rooms/cellar/members") == (404, "unknown_room")


@pytest.mark.parametrize("limit,status", [(0, 422), (1, 200), (100, 200), (101, 422)])
async def test_the_list_of_members_has_limits(chat: Instance, limit: int, status: int) -> None:
    answer = await chat.request("Ada", "GET", "/api/rooms/lobby/members", params={"limit": limit})
    assert answer.status_code == status
