"""Blocks and bans: who takes nothing from whom, at once and on all instances, and who is told nothing."""

import asyncio
from collections.abc import Sequence

import pytest

from chat_service.peers import PROFILES_CHANNEL
from tests.chat_service import community
from tests.chat_service.erasure import erase, rows, say, tell
from tests.chat_service.world import Instance, World
from tests.stores import allow, opened_store, refuse
from tests.valkey import Valkey
from tests.waiting import eventually

NOT_ACCEPTED = (403, "not_accepted")


async def block(chat: Instance, name: str, other: str) -> None:
    assert await chat.does(name, "PUT", f"/api/blocks/{other}") == 204


async def write(chat: Instance, name: str, to: str, text: str = "hello", **more: str) -> int | tuple[int, str]:
    return await chat.does(name, "POST", f"/api/messages/{to}", json={"message": text, **more})


async def test_who_is_blocked_can_neither_write_edit_react_call_nor_invite(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    (message_id,) = await say(here, "Ada", "before", to="Grace")
    (theirs,) = await say(here, "Grace", "yes?", to="Ada")
    await there.make_room("Ada", "garden")
    ada, grace = await there.live_device("Ada"), await here.live_device("Grace")
    await block(here, "Grace", "ada")
    assert (await grace.hear("blocked")) == {"type": "blocked", "username": "Ada", "blocked": True}
    for command in (
        {"to": "Grace", "message": "but"},
        {"type": "edit", "id": message_id, "message": "but"},
        {"type": "react", "id": theirs, "emoji": "👍"},
        {"type": "call", "to": "Grace", "stream": "ada-1"},
    ):
        await ada.send(**command)
        assert await ada.refused() == "not_accepted"
    await ada.send(type="typing", to="Grace")
    assert await write(here, "Ada", "Grace") == NOT_ACCEPTED
    assert await there.does("Ada", "PUT", "/api/rooms/garden/members/Grace") == NOT_ACCEPTED
    await grace.heard_nothing()
    for name, other in (("Ada", "Grace"), ("Grace", "Ada")):
        assert await there.history(name, other) == ["before", "yes?"]
    assert await here.does("Ada", "DELETE", f"/api/messages/Grace/{message_id}") == 200  # what is theirs they take back


async def test_who_blocks_may_write_and_in_rooms_nothing_changes(chat: Instance) -> None:
    await chat.make_room("Linus", "garden", "Ada", "Grace")
    await block(chat, "Grace", "Ada")
    assert await write(chat, "Grace", "Ada", "leave me alone") == 201
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say_in("garden", "hello")
    assert await grace.hear_texts(1) == ["hello"]
    await chat.add_member("Ada", "garden", "Ada")


async def test_they_are_strangers_and_stay_so(world: World, chat: Instance) -> None:
    """A first message would make a conversation."""
    await block(chat, "Grace", "Ada")
    assert await write(chat, "Ada", "Grace") == NOT_ACCEPTED
    assert rows(world, "SELECT * FROM messages") == rows(world, "SELECT * FROM contacts") == []
    assert rows(world, "SELECT name FROM conversations WHERE name <> '#lobby'") == []


async def test_who_has_blocked_somebody_reads_offline_to_them_and_to_nobody_else(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    for name in ("Ada", "Linus"):
        await say(here, name, "hello", to="Grace")
    ada, linus = await there.live_device("Ada"), await there.live_device("Linus")
    grace = await here.live_device("Grace")
    for device in (ada, linus):
        assert (await device.hear_anything()) == {"type": "presence", "username": "Grace", "online": True}
    await block(here, "Grace", "Ada")
    assert (await ada.hear_anything()) == {"type": "presence", "username": "Grace", "online": False}
    assert (await there.device("Ada")).ready["online"] == []
    assert [chat["online"] for chat in await there.get("Ada", "/api/saved-chats")] == [False]
    assert [chat["online"] for chat in await there.get("Linus", "/api/saved-chats")] == [True]
    assert (await here.device("Grace")).ready["online"] == ["Ada", "Linus"]
    await grace.connection.close()
    assert await here.does("Grace", "DELETE", "/api/blocks/Ada") == 204
    await linus.heard_nothing()
    assert await here.does("Grace", "DELETE", "/api/blocks/Ada") == 204  # there is none
    assert (await ada.hear_anything()) == {"type": "presence", "username": "Grace", "online": True}


async def test_a_block_by_who_is_not_here_or_of_a_stranger_is_told_by_no_presence(chat: Instance) -> None:
    await say(chat, "Ada", "hello", to="Linus")
    ada = await chat.live_device("Ada")
    await chat.live_device("Grace")
    for name in ("Grace", "Linus"):  # whom Ada has not saved; who is not here
        await block(chat, name, "Ada")
        assert await chat.does(name, "DELETE", "/api/blocks/Ada") == 204
    await ada.heard_nothing()


async def test_after_the_block_ends_everything_is_as_before(chat: Instance) -> None:
    await block(chat, "Grace", "Ada")
    assert await chat.does("Grace", "DELETE", "/api/blocks/Ada") == 204
    assert await write(chat, "Ada", "Grace") == 201
    assert await chat.get("Grace", "/api/blocks") == []


async def test_one_lists_whom_one_has_blocked(world: World, chat: Instance) -> None:
    await block(chat, "Grace", "Ada")
    world.clock.forward(60)
    await block(chat, "Grace", "Linus")
    await block(chat, "Grace", "Ada")
    assert await chat.get("Grace", "/api/blocks") == [
        {"username": "Linus", "created_at": "2027-01-15T08:01:00.000Z"},
        {"username": "Ada", "created_at": "2027-01-15T08:00:00.000Z"},
    ]
    assert await chat.get("Ada", "/api/blocks") == []
    assert await chat.does("Grace", "PUT", "/api/blocks/grace") == (422, "recipient_is_self")
    assert await chat.does("Grace", "PUT", "/api/blocks/nobody") == (404, "unknown_recipient")


async def test_one_blocks_so_many_and_no_more(world: World) -> None:
    chat = await world.instance(blocks_max=1)
    await block(chat, "Grace", "Ada")
    await block(chat, "Grace", "Ada")
    answer = await chat.request("Grace", "PUT", "/api/blocks/Linus")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_blocks")
    assert answer.headers["retry-after"] == "60"


async def test_of_blocks_and_messages_at_the_same_moment_nothing_is_stored_after_the_block(world: World) -> None:
    instances = [await world.instance(messages_per_second=0) for _ in range(2)]
    await say(instances[0], "Ada", "first", to="Grace")
    for number in range(5):
        outcomes = await block_while_writing(world, instances)
        assert outcomes.count(NOT_ACCEPTED) == 4
        assert await instances[number % 2].does("Grace", "DELETE", "/api/blocks/Ada") == 204


async def block_while_writing(world: World, instances: Sequence[Instance]) -> list[int | tuple[int, str]]:
    """What became of Ada's messages."""
    outcomes: list[int | tuple[int, str]] = []

    async def write_on(chat: Instance) -> None:
        outcome: int | tuple[int, str] = 201
        while outcome == 201:
            outcomes.append(outcome := await write(chat, "Ada", "Grace"))

    writing = [asyncio.create_task(write_on(chat)) for chat in instances for _ in range(2)]
    await eventually(lambda: bool(outcomes))
    await asyncio.gather(*(block(chat, "Grace", "Ada") for chat in instances))  # twice at once
    stored = rows(world, "SELECT count(*) FROM messages")
    await asyncio.gather(*writing)
    assert rows(world, "SELECT count(*) FROM messages") == stored
    return outcomes


async def test_strangers_who_block_and_write_at_the_same_moment(world: World) -> None:
    instances = [await world.instance(messages_per_second=0) for _ in range(2)]
    await asyncio.gather(
        *(write(chat, "Ada", "Grace") for chat in instances), *(block(chat, "Grace", "Ada") for chat in instances)
    )
    stored = rows(world, "SELECT count(*) FROM messages")
    for chat in instances:
        assert await write(chat, "Ada", "Grace") == NOT_ACCEPTED
    assert rows(world, "SELECT count(*) FROM messages") == stored


async def test_a_call_between_them_ends(chat: Instance) -> None:
    await say(chat, "Ada", "hello", to="Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.send(type="call", to="Grace", stream="ada-1")
    for device in (ada, grace):
        await device.hear("call")
    await block(chat, "Grace", "Ada")
    assert (await ada.hear("hang_up"))["username"] == "Grace"
    assert await chat.history("Ada", "Grace") == ["hello"]


async def test_what_was_sent_before_is_found_by_its_nonce(chat: Instance) -> None:
    assert await write(chat, "Ada", "Grace", nonce="n") == 201
    await block(chat, "Grace", "Ada")
    assert await write(chat, "Ada", "Grace", nonce="n") == 201
    assert await write(chat, "Ada", "Grace", nonce="other") == NOT_ACCEPTED


async def test_no_stream_is_shown_to_who_has_blocked_the_publisher(chat: Instance) -> None:
    query = {"username": "Ada", "label": "@Grace"}
    assert (await chat.request("", "GET", "/internal/audience", params=query)).status_code == 200
    await block(chat, "Grace", "Ada")
    assert (await chat.request("", "GET", "/internal/audience", params=query)).status_code == 403
    await chat.make_room("Grace", "garden", "Ada")
    assert await chat.does("Grace", "PUT", "/api/rooms/garden/timeouts/Ada", json={"seconds": 9}) == 200
    query["label"] = "#garden"
    assert (await chat.request("", "GET", "/internal/audience", params=query)).status_code == 403


async def test_with_an_account_its_blocks_go(world: World, chat: Instance) -> None:
    for name, other in (("Grace", "Ada"), ("Ada", "Linus"), ("Linus", "Grace")):
        await block(chat, name, other)
    await erase(world, "Ada")
    assert rows(world, "SELECT username, blocked_username FROM blocks") == [("Linus", "Grace")]


async def test_while_redis_is_away_a_block_holds(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await say(here, "Ada", "hello", to="Grace")
    valkey.kill()
    await block(here, "Grace", "Ada")
    assert await write(there, "Ada", "Grace") == NOT_ACCEPTED


async def test_on_a_full_disk_there_is_no_block(world: World, chat: Instance) -> None:
    await say(chat, "Ada", "hello", to="Grace")
    with opened_store(world.store) as store:
        refuse(store, "INSERT ON blocks")
        answer = await chat.request("Grace", "PUT", "/api/blocks/Ada")
        assert answer.status_code in {500, 503}  # SQLite's trigger is not the disk
        allow(store, "blocks")
    assert await write(chat, "Ada", "Grace") == 201


# Bans


@pytest.mark.parametrize("have_talked", [True, False])
async def test_to_who_is_banned_nobody_writes_until_they_are_not(
    world: World, chat: Instance, *, have_talked: bool
) -> None:
    if have_talked:
        await say(chat, "Ada", "hello", to="Grace")
    await chat.make_room("Ada", "garden")
    await community.ban(world, "Grace")
    assert await write(chat, "Ada", "Grace") == NOT_ACCEPTED
    assert await write(chat, "Grace", "Ada") == NOT_ACCEPTED
    assert await chat.does("Ada", "PUT", "/api/rooms/garden/members/Grace") == NOT_ACCEPTED
    await community.ban(world, "Grace", banned=False)
    assert await write(chat, "Ada", "Grace") == 201


@pytest.mark.parametrize("caller", ["Ada", "Grace"])
async def test_a_ban_ends_the_persons_calls(world: World, caller: str) -> None:
    here, there = [await world.instance() for _ in range(2)]
    devices = {"Ada": await here.live_device("Ada"), "Grace": await there.live_device("Grace")}
    (other,) = devices.keys() - {caller}
    await devices[caller].send(type="call", to=other, stream="one")
    for device in devices.values():
        await device.hear("call")
    await devices[other].send(type="answer", to=caller, stream="other")
    for device in devices.values():
        await device.hear("answer")
    await community.ban(world, "Grace")
    assert (await devices["Ada"].hear("hang_up"))["username"] == "Grace"


@pytest.mark.parametrize("banned", ["Ada", "Grace"])
async def test_who_is_banned_rings_and_is_rung_no_longer(file_world: World, banned: str) -> None:
    here, there = [await file_world.instance() for _ in range(2)]
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await ada.send(type="call", to="Grace", stream="one")
    for device in (ada, grace):
        await device.hear("call")
    await community.ban(file_world, banned)
    assert (await ada.hear("hang_up"))["username"] == banned
    await here.live_device("Linus")  # whom nobody has called
    await community.ban(file_world, "Linus")


async def test_a_ban_and_its_end_between_two_pulls_are_as_nothing(world: World, chat: Instance) -> None:
    await say(chat, "Ada", "hello", to="Grace")
    world.auth.ban("Grace")
    world.auth.ban("Grace", banned=False)
    world.auth.change("Linus", nickname="Tux", pfp=None)
    await tell(world, PROFILES_CHANNEL, "news")
    await eventually(lambda: rows(world, "SELECT nickname FROM people WHERE username = 'Linus'") == [("Tux",)])
    assert await write(chat, "Ada", "Grace") == 201
