"""Redis is only a nudge: without it messages are stored, acknowledged and delivered all the same, each once."""

import asyncio
import signal
from typing import Any

from tests.chat_service.world import Device, Instance, World
from tests.valkey import Valkey
from tests.waiting import eventually


async def connected(*instances: Instance) -> None:
    for one in instances:
        await eventually(lambda bus=one.state["bus"]: bus.is_connected)


async def disconnected(*instances: Instance) -> None:
    for one in instances:
        await eventually(lambda bus=one.state["bus"]: not bus.is_connected)


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


async def say_and_hear(device: Device, first: int, last: int, to: str = "Grace") -> list[bool | None]:
    """Say the numbers; for each, whether it was delivered.

    Just after Redis is back that may be unknown: what it missed is read from the store, and a new message with it.
    """
    for number in range(first, last):
        await device.say(to, str(number), nonce=f"{to} {number}")
    sent = [await hear_sent(device) for _ in range(first, last)]
    assert [event["message"] for event in sent] == numbers(first, last)
    return [event["delivered"] for event in sent]


async def hear_sent(device: Device) -> dict[str, Any]:
    """The next `sent`; whether the reader was away is another test's affair."""
    while (event := await device.hear_anything())["type"] != "sent":
        assert event.get("code") == "recipient_offline"
    return event


async def test_away_at_the_start(fragile_world: World, valkey: Valkey) -> None:
    valkey.kill()
    here, there = [await fragile_world.instance(messages_per_second=0, redis_url=valkey.url) for _ in range(2)]
    ada, near, far = [await one.live_device(name) for one, name in ((here, "Ada"), (here, "Grace"), (there, "Grace"))]
    linus = await there.live_device("Linus")
    assert await say_and_hear(ada, 0, 10) == [True] * 10  # near is here, with Redis or without
    assert await near.hear_texts(10) == numbers(0, 10)
    assert await say_and_hear(ada, 0, 10, to="Linus") == [None] * 10
    for device in (far, linus):
        await device.heard_nothing()
    valkey.start()
    for device in (far, linus):
        assert await device.hear_texts(10) == numbers(0, 10)
    await connected(here, there)
    assert False not in await say_and_hear(ada, 10, 20)
    for grace in (near, far):
        assert await grace.hear_texts(10) == numbers(10, 20)
        await grace.heard_nothing()


async def test_dying_again_and_again_in_the_middle(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    ada, near, far = [await one.live_device(name) for one, name in ((here, "Ada"), (here, "Grace"), (there, "Grace"))]

    async def die_and_return() -> None:
        for _ in range(3):
            await connected(here, there)
            valkey.kill()
            await disconnected(here, there)
            valkey.start()
        await connected(here, there)

    dying, said = asyncio.create_task(die_and_return()), 0
    delivered: list[bool | None] = []
    while not dying.done():
        delivered += await say_and_hear(ada, said, said + 20)
        said += 20
    await dying
    delivered += await say_and_hear(ada, said, said + 20)
    assert False not in delivered  # what is read from the store while Redis returns is told without it
    for grace in (near, far):
        assert await grace.hear_texts(said + 20) == numbers(0, said + 20)
        await grace.heard_nothing()
    await ada.heard_nothing()


async def test_hung(fragile_world: World, valkey: Valkey) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    ada, near, far = [await one.live_device(name) for one, name in ((here, "Ada"), (here, "Grace"), (there, "Grace"))]
    assert await say_and_hear(ada, 0, 5) == [True] * 5
    valkey.send(signal.SIGSTOP)
    assert await say_and_hear(ada, 5, 10) == [True] * 5
    assert await near.hear_texts(10) == numbers(0, 10)
    valkey.send(signal.SIGCONT)
    assert await far.hear_texts(10) == numbers(0, 10)
    await connected(here, there)
    assert False not in await say_and_hear(ada, 10, 15)
    for grace in (near, far):
        assert await grace.hear_texts(5) == numbers(10, 15)
        await grace.heard_nothing()


async def test_a_redis_that_forgot_its_scripts_delays_nothing(fragile_world: World) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0) for _ in range(2)]
    ada, phone, grace = [await one.live_device(name) for one, name in ((here, "Ada"), (there, "Ada"), (there, "Grace"))]
    bus = await fragile_world.bus()
    await bus.execute(("SCRIPT", "FLUSH"))
    assert await say_and_hear(ada, 0, 1) == [None]
    assert await grace.hear_texts(1) == ["0"]
    assert await say_and_hear(ada, 1, 2) == [True]
    assert await grace.hear_texts(1) == ["1"]
    await grace.heard_nothing()
    assert await phone.hear_texts(2, "sent") == ["0", "1"]


async def test_a_redis_that_lets_nobody_ask_who_is_online_is_as_one_that_is_away(
    fragile_world: World,
) -> None:
    chat = await fragile_world.instance()
    ada = await chat.live_device("Ada")
    await say_and_hear(ada, 0, 1)
    bus = await fragile_world.bus()
    await bus.ask(("ACL", "SETUSER", "default", "-pubsub", "-get", "-mget"))
    assert [one["online"] for one in await chat.get("Ada", "/api/saved-chats")] == [False]
    grace = await chat.live_device("Grace")
    assert await say_and_hear(ada, 1, 2)
    assert await grace.hear_texts(1) == ["1"]
    await bus.ask(("ACL", "SETUSER", "default", "+@all"))


async def test_one_instance_that_lost_redis_alone_tells_the_others_when_it_is_back(fragile_world: World) -> None:
    """The others never lost it, so nothing makes them look into the store but the nudge."""
    lonely = await fragile_world.instance(messages_per_second=0, redis_url=f"unix://{fragile_world.folder}/link.sock")
    there = await fragile_world.instance(messages_per_second=0)
    ada, grace = await lonely.live_device("Ada"), await there.live_device("Grace")
    assert await say_and_hear(ada, 0, 10) == [None] * 10
    await grace.heard_nothing()
    (fragile_world.folder / "link.sock").symlink_to(fragile_world.redis_url.removeprefix("unix://"))
    assert await grace.hear_texts(10) == numbers(0, 10)
    await grace.heard_nothing()


# An instance may die between the commit and the publication


async def stored_but_not_published(world: World, there: Instance) -> tuple[Device, Device]:
    """Grace on `there`, and Ada, whose message was stored by an instance that could tell nobody and is gone."""
    dead = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock")
    ada, grace = await dead.live_device("Ada"), await there.live_device("Grace")
    await say_and_hear(ada, 0, 1)
    await dead.stop()
    await grace.heard_nothing()
    return await there.device("Ada"), grace


async def test_a_message_sent_again_reaches_those_whom_a_dead_instance_did_not_tell(
    world: World, chat: Instance
) -> None:
    other = await chat.live_device("Ada")
    await other.connection.close()
    ada, grace = await stored_but_not_published(world, chat)
    assert await say_and_hear(ada, 0, 1) == [None]
    assert await grace.hear_texts(1) == ["0"]
    await grace.heard_nothing()
    await ada.heard_nothing()


async def test_a_resumed_message_reaches_those_whom_a_dead_instance_did_not_tell(world: World, chat: Instance) -> None:
    ada, grace = await stored_but_not_published(world, chat)
    await ada.send(type="resume", positions={})
    assert (await ada.hear("sent"))["message"] == "0"
    assert await grace.hear_texts(1) == ["0"]
    await grace.heard_nothing()


async def test_without_redis_too_a_message_sent_again_reaches_its_reader_here(world: World) -> None:
    here = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock")
    phone = await here.live_device("Ada")  # connected all the time, and told of it too
    ada, grace = await stored_but_not_published(world, here)
    assert await say_and_hear(ada, 0, 1) == [None]
    assert await grace.hear_texts(1) == ["0"]
    assert (await phone.hear("sent"))["message"] == "0"
    for device in (ada, phone, grace):
        await device.heard_nothing()
