"""Joining and leaving on open connections, over several instances, and while Redis is away."""

import asyncio

from tests.chat_service.drafts import NOW
from tests.chat_service.rooms import away, back, hear_seqs
from tests.chat_service.world import Instance, World
from tests.valkey import Valkey

# Coming and going, on open connections


async def test_who_joins_hears_it_and_everything_after(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say_in("garden", "before")
    await ada.hear("sent")
    await chat.add_member("Ada", "garden", "Grace")
    joined = await grace.hear("joined")
    assert joined == {
        "type": "joined",
        "seq": 3,
        "conversation": "#garden",
        "username": "Grace",
        "timestamp": NOW,
        "epoch": ada.ready["epochs"]["#garden"],
    }
    assert await ada.hear("joined") == joined
    await ada.say_in("garden", "after")
    assert (await grace.hear("message"))["seq"] == 4
    await grace.say_in("garden", "thank you")
    assert (await ada.hear("sent"))["seq"] == 4
    assert (await ada.hear("message"))["seq"] == 5


async def test_a_former_member_is_refused_on_the_open_connection_and_hears_nothing_more(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await grace.say_in("garden", "hello")
    said = (await grace.hear("sent"))["id"]
    await chat.remove_member("Ada", "garden", "Grace")
    left = await grace.hear("left")
    assert (left["username"], left["seq"]) == ("Grace", 4)
    for command, code in (
        ({"room": "garden", "message": "hello?"}, "not_a_member"),
        ({"room": "garden", "message": "hello?", "reply_to": said}, "not_a_member"),
        ({"room": "garden", "message": "hello?", "reply_to": said + 1_000}, "not_a_member"),
        ({"type": "read", "room": "garden", "seq": 4}, "not_a_member"),
        ({"type": "typing", "room": "garden"}, "not_a_member"),
        ({"type": "edit", "id": said, "message": "x"}, "unknown_message"),
        ({"type": "delete", "id": said}, "unknown_message"),
        ({"type": "react", "id": said, "emoji": "👍"}, "unknown_message"),
    ):
        await grace.send(**command)
        assert await grace.refused() == code
    await ada.hear("message")
    await ada.hear("left")
    await ada.send(type="typing", room="garden")
    await ada.say_in("garden", "she is gone")
    await ada.hear("sent")
    await grace.heard_nothing()
    await grace.send(type="resume", positions={})
    assert (await grace.hear("resumed"))["positions"] == {"#garden": 2}  # as it was when she connected; nothing of it
    assert (await chat.device("Grace")).ready["positions"] == {}


async def test_what_was_sent_before_leaving_is_answered_when_it_is_sent_again(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    grace = await chat.live_device("Grace")
    await grace.send(room="garden", message="hello", nonce="n")
    said = await grace.hear("sent")
    await chat.remove_member("Ada", "garden", "Grace")
    await grace.hear("left")
    await grace.send(room="garden", message="hello", nonce="n")
    assert (await grace.hear("sent"))["id"] == said["id"]
    await grace.send(room="garden", message="hello", nonce="another")
    assert await grace.refused() == "not_a_member"


async def test_who_comes_back_hears_from_there_on(chat: Instance) -> None:
    await chat.make_room("Ada", "garden", "Grace")
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    for turn in range(3):
        await chat.remove_member("Ada", "garden", "Grace")
        assert (await grace.hear("left"))["seq"] == 3 + 3 * turn
        await ada.say_in("garden", "behind her back")
        assert (await ada.hear_anything())["type"] == "left"
        assert (await ada.hear_anything())["type"] == "sent"
        await chat.add_member("Ada", "garden", "Grace")
        assert (await grace.hear("joined"))["seq"] == 5 + 3 * turn
        assert (await ada.hear_anything())["type"] == "joined"
    await ada.say_in("garden", "welcome")
    assert (await grace.hear("message"))["message"] == "welcome"


# Several instances


async def test_rooms_cross_between_instances(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await there.add_member("Grace", "garden", "Grace")
    assert (await grace.hear("joined"))["seq"] == 2
    assert (await ada.hear("joined"))["seq"] == 2
    for number in range(20):
        await ada.say_in("garden", f"a{number}")
        await grace.say_in("garden", f"g{number}")
    heard = [await hear_seqs(device, 3, 42) for device in (ada, grace)]
    assert [event["message"] for event in heard[0]] == [event["message"] for event in heard[1]]
    await here.remove_member("Ada", "garden", "Grace")
    assert (await grace.hear("left"))["seq"] == 43
    await ada.hear("left")
    await ada.say_in("garden", "she is gone")
    await ada.hear("sent")
    await grace.say_in("garden", "hello?")
    assert await grace.refused() == "not_a_member"
    await grace.heard_nothing()


async def test_who_joins_in_the_middle_of_talk_on_another_instance_hears_everything_after(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")

    said = 0

    async def say(count: int) -> None:
        nonlocal said
        for _ in range(count):
            said += 1
            await ada.say_in("garden", str(said))
            await asyncio.sleep(0)

    async def join() -> None:
        await here.add_member("Ada", "garden", "Grace")

    await say(10)
    joining = asyncio.create_task(join())
    while not joining.done():
        await say(1)
    await say(100)
    entrance = await grace.hear("joined")
    assert 11 < entrance["seq"] < 2 + said
    events = await hear_seqs(grace, entrance["seq"] + 1, 2 + said)
    assert {event["type"] for event in events} == {"message"}
    await grace.heard_nothing()


# Redis away


async def test_who_was_removed_while_redis_was_away_hears_nothing_when_it_is_back(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace", "Linus")
    ada, near, far = await here.live_device("Ada"), await here.live_device("Grace"), await there.live_device("Grace")
    linus = await there.live_device("Linus")
    await away(valkey, here, there)
    await here.remove_member("Ada", "garden", "Grace")
    await near.hear("left")
    await ada.hear("left")
    await ada.say_in("garden", "she is gone")
    await ada.hear("sent")
    for grace in (near, far):
        await grace.say_in("garden", "hello?")
        assert await grace.refused() == "not_a_member"
    await back(valkey, here, there)
    assert [event["type"] for event in await hear_seqs(linus, 4, 5)] == ["left", "message"]
    await ada.send(type="typing", room="garden")
    await ada.say_in("garden", "as I said")
    heard = [(await linus.hear_anything())["type"] for _ in range(2)]
    assert sorted(heard) == ["message", "typing"]
    for grace in (near, far):
        await grace.heard_nothing()


async def test_who_joined_while_redis_was_away_hears_everything_since_when_it_is_back(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden")
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await ada.say_in("garden", "before")
    await ada.hear("sent")
    await away(valkey, here, there)
    await here.add_member("Ada", "garden", "Grace")
    for number in range(5):
        await ada.say_in("garden", str(number))
    await hear_seqs(ada, 3, 8)
    await back(valkey, here, there)
    events = await hear_seqs(grace, 3, 8)
    assert [event["type"] for event in events] == ["joined"] + ["message"] * 5
    await ada.say_in("garden", "after")
    assert (await grace.hear("message"))["seq"] == 9
    await grace.heard_nothing()


async def test_messages_in_a_room_survive_redis(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace", "Linus")
    ada, grace, linus = [
        await one.live_device(name) for one, name in ((here, "Ada"), (here, "Grace"), (there, "Linus"))
    ]
    seq = 4
    for _ in range(2):
        await away(valkey, here, there)
        for number in range(5):
            await ada.say_in("garden", str(number))
        for device in (ada, grace):
            await hear_seqs(device, seq, seq + 4)
        await back(valkey, here, there)
        await hear_seqs(linus, seq, seq + 4)
        seq += 5
    for device in (ada, grace, linus):
        await device.heard_nothing()
