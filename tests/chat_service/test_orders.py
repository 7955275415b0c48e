"""Orders of the auth service: somebody's messages up to a time go; and who was invited to a room is brought into it."""

import asyncio
from typing import Any

import pytest

from chat_service.peers import PROFILES_CHANNEL
from servicekit.numbered_lists import PAGE_MAX
from tests.chat_service import community
from tests.chat_service.erasure import assert_gapless, hear_all, rows, say, tell
from tests.chat_service.rooms import members
from tests.chat_service.world import Instance, World
from tests.stores import allow, opened_store, refuse
from tests.waiting import eventually


def open_orders(world: World) -> list[Any]:
    return rows(world, "SELECT number FROM message_erasures WHERE is_done = 0")


async def standing(chat: Instance, name: str, path: str) -> list[str]:
    return [message["message"] for message in await chat.get(name, path) if not message.get("deleted")]


async def test_messages_up_to_a_time_go_everywhere_and_everybody_hears_it(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0, erasing_pause_s=0.01) for _ in range(2)]
    await here.make_room("Grace", "garden", "Ada")
    direct = await say(here, "Ada", "spam", to="Grace")
    public = await say(here, "Ada", "more spam", room="garden")
    await say(here, "Grace", "stop it", room="garden")
    until_s = world.clock()
    world.clock.forward(60)
    await say(here, "Ada", "sorry", to="Grace")
    grace = await there.live_device("Grace")
    await community.order_erasure(world, "Ada", until_s=until_s)
    heard = await hear_all(grace, "deleted", count=2)
    told = sorted((event["conversation"], event["id"]) for event in heard)  # two conversations, two instances: no order
    assert told == [("#garden", *public), ("@Ada", *direct)]
    await eventually(lambda: rows(world, "SELECT is_done FROM message_erasures") == [(1,)])
    await grace.heard_nothing()
    for chat in (here, there):
        assert await standing(chat, "Grace", "/api/messages/Ada") == ["sorry"]
        assert await standing(chat, "Grace", "/api/rooms/garden/messages") == ["stop it"]
        assert await chat.get("Grace", "/api/search-messages", query="spam") == []
    assert_gapless(world)
    assert await members(here, "Ada", "garden") == ["Ada", "Grace"]


async def test_the_end_of_the_ban_stops_nothing(world: World) -> None:
    chat = await world.instance(messages_per_second=0, erasing_pause_s=0.01)
    await say(chat, "Ada", "spam", to="Grace")
    await community.ban(world, "Ada")
    world.auth.order("erase_messages", "Ada", "2027-01-15T08:00:00.000Z")
    await community.ban(world, "Ada", banned=False)
    await tell(world, "orders", "news")
    await eventually(lambda: rows(world, "SELECT 1 FROM messages WHERE deleted_at IS NULL") == [])


async def test_what_was_still_on_its_way_goes_too(world: World) -> None:
    chat = await world.instance(messages_per_second=0, erasing_pause_s=0.01)
    await say(chat, "Ada", "spam", to="Grace")
    await community.order_erasure(world, "Ada")
    await eventually(lambda: rows(world, "SELECT 1 FROM messages WHERE deleted_at IS NULL") == [])
    await say(chat, "Ada", "late", to="Grace")  # at the same moment, by the clock
    await eventually(lambda: rows(world, "SELECT 1 FROM messages WHERE deleted_at IS NULL") == [])
    assert open_orders(world) == [(1,)]
    world.clock.forward(5)
    await eventually(lambda: open_orders(world) == [])
    await say(chat, "Ada", "new", to="Grace")
    assert await standing(chat, "Grace", "/api/messages/Ada") == ["new"]


async def test_other_kinds_are_for_others_and_many_are_taken_by_pages(world: World) -> None:
    chat = await world.instance(messages_per_second=0, erasing_pause_s=0.01)
    await say(chat, "Ada", "spam", to="Grace")
    for _ in range(PAGE_MAX + 1):
        world.auth.order("end_uploads", "Ada", "2027-01-15T08:00:00.000Z")
    number = await community.order_erasure(world, "Ada")
    await eventually(lambda: rows(world, "SELECT number, username FROM message_erasures") == [(number, "Ada")])
    assert rows(world, "SELECT number FROM followed WHERE list = 'orders'") == [(number,)]


async def test_an_order_that_the_disk_refuses_is_carried_out_when_it_can_be(world: World) -> None:
    chat = await world.instance(messages_per_second=0, erasing_pause_s=0.01)
    await say(chat, "Ada", "spam", to="Grace")
    with opened_store(world.store) as store:
        refuse(store, "INSERT ON changes")
        await community.order_erasure(world, "Ada")
        await eventually(lambda: open_orders(world) == [(1,)])
        assert await standing(chat, "Grace", "/api/messages/Ada") == ["spam"]
        allow(store, "changes")
    await eventually(lambda: rows(world, "SELECT 1 FROM messages WHERE deleted_at IS NULL") == [])


async def test_an_order_that_an_earlier_process_left_is_carried_out(world: World) -> None:
    chat = await world.instance(messages_per_second=0)
    await say(chat, "Ada", "spam", to="Grace")
    await chat.stop()
    with opened_store(world.store) as store:
        store.execute(
            "INSERT INTO message_erasures (number, username, until, is_done)"
            " VALUES (1, 'Ada', '2027-01-15T08:00:00.000Z', 0)"
        )
    await world.instance(messages_per_second=0)
    await eventually(lambda: rows(world, "SELECT 1 FROM messages WHERE deleted_at IS NULL") == [])


# Invitations


async def arrive(world: World, room: str, **by: str) -> None:
    """Margaret comes by an invitation to the room."""
    world.auth.invite("Margaret", room, **by)
    await tell(world, PROFILES_CHANNEL, "news")
    await eventually(lambda: rows(world, "SELECT 1 FROM people WHERE username = 'Margaret'") == [(1,)])
    await eventually(lambda: rows(world, "SELECT * FROM arrivals") == [])


@pytest.mark.parametrize("by", [{}, {"invited_by": "Ada"}])
async def test_who_was_invited_to_a_room_is_in_it_when_they_come(world: World, by: dict[str, str]) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada = await there.live_device("Ada")
    await arrive(world, "garden", **by)
    assert (await ada.hear("joined"))["username"] == "Margaret"
    await ada.heard_nothing()
    await here.remove_member("Margaret", "garden", "Margaret")
    world.auth.change("Margaret", nickname="Maggie", pfp=None)  # it is no new invitation
    await tell(world, PROFILES_CHANNEL, "news")
    await eventually(lambda: rows(world, "SELECT nickname FROM people WHERE username = 'Margaret'") == [("Maggie",)])
    assert rows(world, "SELECT * FROM arrivals") == []
    await there.state["rooms"].bring_in("Margaret", "garden", by.get("invited_by"))  # it had read the list before
    assert await members(here, "Ada", "garden") == ["Ada"]


async def test_into_a_private_room_only_who_may_still_invite_brings_somebody(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace", private=True)
    for by in ({}, {"invited_by": "Grace"}, {"invited_by": "Linus"}):
        await arrive(world, "garden", **by)
        assert await members(chat, "Ada", "garden") == ["Ada", "Grace"]
        with opened_store(world.store) as store:
            store.execute("DELETE FROM people WHERE username = 'Margaret'")
    await arrive(world, "garden", invited_by="Ada")
    assert await members(chat, "Ada", "garden") == ["Ada", "Grace", "Margaret"]


async def test_an_invitation_to_a_room_that_is_gone_or_full_is_in_vain(world: World) -> None:
    chat = await world.instance(messages_per_second=0, room_members_max=1)
    await chat.make_room("Ada", "garden")
    await arrive(world, "garden", invited_by="Ada")
    await asyncio.sleep(0)
    assert await members(chat, "Ada", "garden") == ["Ada"]
    with opened_store(world.store) as store:
        store.execute("DELETE FROM people WHERE username = 'Margaret'")
    await arrive(world, "nowhere")


async def test_on_a_full_disk_they_join_later(world: World) -> None:
    chat = await world.instance(messages_per_second=0, arriving_pause_s=0.01)
    await chat.make_room("Ada", "garden")
    with opened_store(world.store) as store:
        refuse(store, "INSERT ON memberships")
        world.auth.invite("Margaret", "garden")
        await tell(world, PROFILES_CHANNEL, "news")
        await eventually(lambda: rows(world, "SELECT username FROM arrivals") == [("Margaret",)])
        allow(store, "memberships")
    await eventually(lambda: rows(world, "SELECT username FROM arrivals") == [])
    assert await members(chat, "Ada", "garden") == ["Ada", "Margaret"]
