"""Epochs: a name may come to mean another conversation, and nobody's view mixes the two."""

from typing import Any

import pytest

from chat_service.domain.conversations import Label
from chat_service.domain.envelopes import EVERYBODY, RoomEnvelope, room_channel
from chat_service.feed import encode
from tests.chat_service.epochs import is_told, make_again, resume, say
from tests.chat_service.rooms import away, back, hear_seqs
from tests.chat_service.world import Instance, World
from tests.valkey import Valkey
from tests.waiting import eventually

# Which conversation it is


async def test_an_epoch_stands_wherever_a_conversation_is_listed_and_in_who_joined(chat: Instance) -> None:
    grace = await chat.live_device("Grace")
    await chat.make_room("Ada", "garden", "Grace")
    joined = await grace.hear("joined")
    await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": "hello"})
    await grace.hear("message")
    ready = (await chat.device("Grace")).ready  # the chat was begun since her reader knows where all stands
    assert ready["epochs"].keys() == ready["positions"].keys() == {"#garden", "@Ada"}
    assert joined["epoch"] == ready["epochs"]["#garden"]
    rooms = {room["name"]: room["epoch"] for room in await chat.get("Grace", "/api/rooms")}
    assert rooms["garden"] == (await chat.get("Grace", "/api/rooms/garden"))["epoch"] == joined["epoch"]
    assert rooms["lobby"] != rooms["garden"]
    (saved,) = await chat.get("Grace", "/api/saved-chats")
    assert saved["epoch"] == ready["epochs"]["@Ada"]
    assert await chat.does("Grace", "POST", "/api/save-chat", json={"username": "Linus"}) == 200
    assert {one["chat_username"]: one["epoch"] for one in await chat.get("Grace", "/api/saved-chats")}["Linus"] is None


async def test_a_room_made_again_is_another_and_no_epoch_comes_twice(chat: Instance) -> None:
    seen = set()
    for _ in range(3):
        await chat.make_room("Ada", "garden")
        seen.add((await chat.get("Ada", "/api/rooms/garden"))["epoch"])
        assert await chat.does("Ada", "DELETE", "/api/rooms/garden") == 204
    assert len(seen) == 3


# A device that was away


@pytest.mark.parametrize("knows_epochs", [False, True])
async def test_a_device_that_is_past_the_end_of_a_room_made_again_gets_all_of_it(
    chat: Instance, *, knows_epochs: bool
) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    await say(chat, "Ada", *"abcdefghij")
    before = (await chat.device("Grace")).ready
    assert before["positions"] == {"#garden": 12}
    await make_again(chat, "Grace")
    await say(chat, "Ada", "new", "newer")
    await eventually(lambda: is_told(chat, "Grace", 4))  # she is connected still, and changes rooms
    grace = await chat.device("Grace")
    epochs = {"epochs": before["epochs"]} if knows_epochs else {}
    replayed, resumed = await resume(grace, positions=before["positions"], **epochs)
    assert [event["seq"] for event in replayed] == [2, 3, 4]  # from where she joined
    assert (resumed["positions"], resumed["truncated"]) == ({"#garden": 4}, ["#garden"])
    assert resumed["epochs"] == grace.ready["epochs"] != before["epochs"]


async def test_a_device_within_a_room_made_again_is_told_apart_by_the_epoch_alone(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    before = (await chat.device("Ada")).ready
    await make_again(chat)
    await say(chat, "Ada", "new", "newer")
    replayed, resumed = await resume(await chat.device("Ada"), positions=before["positions"], epochs=before["epochs"])
    assert [event["seq"] for event in replayed] == [1, 2, 3]
    assert resumed["truncated"] == ["#garden"]
    replayed, resumed = await resume(await chat.device("Ada"), positions={"#garden": 2}, epochs=resumed["epochs"])
    assert [event["seq"] for event in replayed] == [3]
    assert resumed["truncated"] == []


async def test_what_another_instance_has_told_already_is_not_past_the_end(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    phone = await there.live_device("Ada")
    await away(valkey, here, there)
    ada = await here.live_device("Ada")
    await say(here, "Ada", "one", "two")
    await hear_seqs(ada, 2, 3)
    moved = await there.device("Ada")  # which has not heard of it
    assert moved.ready["positions"] == {"#garden": 1}
    replayed, resumed = await resume(moved, positions={"#garden": 3}, epochs=moved.ready["epochs"])
    assert (replayed, resumed["truncated"]) == ([], [])
    await back(valkey, here, there)
    await hear_seqs(phone, 2, 3)


async def test_a_member_is_told_from_where_they_joined_and_a_gap_before_it_is_truncated(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    await say(chat, "Ada", "before")
    await chat.add_member("Ada", "garden", "Grace")
    await say(chat, "Ada", "hello")
    grace = await chat.device("Grace")
    replayed, resumed = await resume(grace, positions={})
    assert [event["seq"] for event in replayed] == [3, 4]
    assert resumed["truncated"] == []
    await chat.remove_member("Ada", "garden", "Grace")
    await say(chat, "Ada", "she is gone")
    await chat.add_member("Ada", "garden", "Grace")
    await grace.hear("left")
    await grace.hear("joined")
    replayed, resumed = await resume(await chat.device("Grace"), positions={"#garden": 4})
    assert [(event["type"], event["seq"]) for event in replayed] == [("joined", 7)]
    assert resumed["truncated"] == ["#garden"]


@pytest.mark.parametrize("epochs", [{"#" + "r" * 65: ""}, {"#r": "e" * 65}, {"#r": 1}, []])
async def test_epochs_that_cannot_be_are_refused(chat: Instance, epochs: Any) -> None:
    device = await chat.live_device("Ada")
    await device.send(type="resume", positions={}, epochs=epochs)
    assert await device.refused() == "invalid_command"
    await device.send(type="resume", positions={}, epochs={"#" + "r" * 64: "e" * 64})
    await device.hear("resumed")


# Somebody is connected meanwhile


async def test_who_is_there_hears_that_it_is_closed_and_then_of_the_other(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await say(here, "Ada", *"abcd")
    devices = [await one.live_device("Grace") for one in (here, there)]
    await make_again(here, "Grace")
    await say(here, "Ada", "new")
    for grace in devices:
        assert (await grace.hear("closed"))["seq"] == 7
        assert [event["type"] for event in await hear_seqs(grace, 2, 3)] == ["joined", "message"]
        await grace.heard_nothing()


@pytest.mark.parametrize("length", [0, 1, 7])
async def test_who_was_not_told_of_the_closing_is_in_the_other_room_or_in_none(world: World, length: int) -> None:
    here = await world.instance(messages_per_second=0)
    cut_off = await world.instance(messages_per_second=0, redis_url=f"unix://{world.folder}/nothing.sock")
    await here.make_room("Ada", "garden", "Grace", "Linus")
    await say(here, "Ada", *["before"] * length)
    ada, grace, linus = [await here.live_device(name) for name in ("Ada", "Grace", "Linus")]
    # It is committed and not published: the same to all others as if the instance died in between.
    await make_again(cut_off, "Grace")
    await say(cut_off, "Ada", *["unheard"] * 2)
    await say(here, "Ada", "new", "newer")
    for device in (ada, grace, linus):
        assert (await device.hear("closed"))["seq"] == 4 + length
    assert [event["type"] for event in await hear_seqs(ada, 1, 6)] == ["joined", "joined", *["sent"] * 4]
    assert [event["type"] for event in await hear_seqs(grace, 2, 6)] == ["joined", *["message"] * 4]
    await say(here, "Ada", "newest")
    await hear_seqs(ada, 7, 7)
    await hear_seqs(grace, 7, 7)
    for device in (ada, grace, linus):
        await device.heard_nothing()
    await linus.say_in("garden", "hello?")
    assert await linus.refused() == "not_a_member"


async def test_a_room_made_again_while_redis_was_away_is_told_when_it_is_back(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await say(here, "Ada", *"abcdefgh")
    near, far = await here.live_device("Grace"), await there.live_device("Grace")
    await away(valkey, here, there)
    await make_again(here, "Grace")
    await say(here, "Ada", "new")
    await back(valkey, here, there)
    for grace in (near, far):
        await grace.hear("closed")
        await hear_seqs(grace, 2, 3)
    await say(here, "Ada", "newer")
    for grace in (near, far):
        await hear_seqs(grace, 4, 4)
        await grace.heard_nothing()


def to_garden(**fields: Any) -> RoomEnvelope:
    label = Label.of_room("garden")
    return RoomEnvelope(channel=room_channel(label), label=label, **fields)


async def test_late_news_of_the_room_that_was_harms_nobody_in_the_other(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    epoch = grace.ready["epochs"]["#garden"]
    await make_again(chat, "Grace")
    await grace.hear("closed")
    await grace.hear("joined")
    closed = b'{"type":"closed","seq":3,"conversation":"#garden","username":"Ada","timestamp":""}'
    bus = await world.bus()
    for envelope in (
        to_garden(seq=3, epoch=epoch, event=closed, departed=EVERYBODY),
        to_garden(seq=9, epoch=epoch),
    ):
        await bus.execute(("PUBLISH", bus.channel("room:#garden"), encode(envelope)))
    await say(chat, "Ada", "new")
    await hear_seqs(grace, 3, 3)
    await grace.heard_nothing()


async def test_what_a_version_without_epochs_publishes_is_passed_on(world: World, chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    message = b'{"type":"message","seq":3,"conversation":"#garden"}'
    bus = await world.bus()
    envelope = to_garden(seq=3, author="Ada", for_author=b"{}", event=message)
    await bus.execute(("PUBLISH", bus.channel("room:#garden"), encode(envelope)))
    await hear_seqs(grace, 3, 3)
