"""Presence: told to those who have saved the person, when it really changed, on whatever instance they are."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from websockets.exceptions import ConnectionClosed

from launcher import processes
from launcher.ports import find_free
from tests import fork_server
from tests.chat_service.world import Device, Instance, World
from tests.waiting import eventually


async def save(chat: Instance, name: str, other: str) -> None:
    answer = await chat.request(name, "POST", "/api/save-chat", json={"username": other})
    assert answer.status_code == 200


async def presence(device: Device) -> tuple[str, bool]:
    event = await device.hear("presence")
    return event["username"], event["online"]


async def leave(*devices: Device) -> None:
    for device in devices:
        await device.connection.close()


async def test_who_saved_a_person_hears_them_come_and_go_and_nobody_else_does(chat: Instance) -> None:
    await save(chat, "Grace", "Ada")
    grace, linus = await chat.live_device("Grace"), await chat.live_device("Linus")
    ada = await chat.live_device("Ada")
    assert await presence(grace) == ("Ada", True)
    await leave(ada)
    assert await presence(grace) == ("Ada", False)
    await linus.heard_nothing()
    assert linus.skipped == []


async def test_only_the_first_device_is_an_arrival_and_only_the_last_one_a_departure(chat: Instance) -> None:
    await save(chat, "Grace", "Ada")
    grace = await chat.live_device("Grace")
    devices = [await chat.live_device("Ada") for _ in range(3)]
    assert await presence(grace) == ("Ada", True)
    await leave(*devices)
    assert await presence(grace) == ("Ada", False)
    await grace.heard_nothing()
    assert grace.skipped == []


async def test_a_reconnection_is_no_flicker_and_a_return_after_a_departure_is_news(world: World) -> None:
    chat = await world.instance(presence_grace_s=0.3)
    await save(chat, "Grace", "Ada")
    grace, ada = await chat.live_device("Grace"), await chat.live_device("Ada")
    assert await presence(grace) == ("Ada", True)
    for _ in range(3):
        await leave(ada)
        ada = await chat.live_device("Ada")
    await leave(ada)
    assert await presence(grace) == ("Ada", False)
    ada = await chat.live_device("Ada")
    assert await presence(grace) == ("Ada", True)
    await grace.heard_nothing()
    assert grace.skipped == []


async def test_ready_and_saved_chats_tell_who_is_online(chat: Instance) -> None:
    for other in ("Ada", "Linus"):
        await save(chat, "Grace", other)
    await chat.live_device("Ada")
    assert (await chat.device("Grace")).ready["online"] == ["Ada"]
    saved = await chat.get("Grace", "/api/saved-chats")
    assert {chat["chat_username"]: chat["online"] for chat in saved} == {"Ada": True, "Linus": False}


async def test_to_move_between_instances_is_no_flicker(world: World) -> None:
    one, other = [await world.instance(presence_grace_s=0.3) for _ in range(2)]
    await save(one, "Grace", "Ada")
    grace = await one.live_device("Grace")
    ada = await one.live_device("Ada")
    assert await presence(grace) == ("Ada", True)
    for chat in (other, one, other):
        await leave(ada)
        await eventually(lambda: all(socket.identity.username == "Grace" for socket in one.state["sockets"]))
        ada = await chat.live_device("Ada")
    await leave(ada)
    assert await presence(grace) == ("Ada", False)
    await one.live_device("Ada")
    assert await presence(grace) == ("Ada", True)
    await grace.heard_nothing()
    assert grace.skipped == []


async def test_who_leaves_two_instances_one_after_the_other_is_told_gone_once(world: World) -> None:
    one, other = [await world.instance(presence_grace_s=0.2) for _ in range(2)]
    await save(one, "Grace", "Ada")
    grace = await one.live_device("Grace")
    devices = [await chat.live_device("Ada") for chat in (one, other)]
    assert await presence(grace) == ("Ada", True)
    await leave(*devices)
    assert await presence(grace) == ("Ada", False)
    await one.live_device("Ada")
    assert await presence(grace) == ("Ada", True)


async def test_who_left_one_instance_long_ago_and_another_just_now_may_still_come_back(world: World) -> None:
    one, other = await world.instance(presence_grace_s=0.3), await world.instance(presence_grace_s=30)
    for name in ("Ada", "Linus"):
        await save(one, "Grace", name)
    grace, linus = await one.live_device("Grace"), await one.live_device("Linus")
    assert await presence(grace) == ("Linus", True)
    devices = [await chat.live_device("Ada") for chat in (one, other)]
    assert await presence(grace) == ("Ada", True)
    await leave(*devices, linus)
    assert await presence(grace) == ("Linus", False)  # so where Ada left first, that has been looked at, too
    await other.live_device("Ada")
    await grace.heard_nothing()
    assert grace.skipped == []


async def test_with_a_redis_that_is_full_who_leaves_is_told_gone_all_the_same(fragile_world: World) -> None:
    chat = await fragile_world.instance(presence_grace_s=0.3)
    await save(chat, "Grace", "Ada")
    grace, ada = await chat.live_device("Grace"), await chat.live_device("Ada")
    assert await presence(grace) == ("Ada", True)
    bus = await fragile_world.bus()
    await bus.ask(("CONFIG", "SET", "maxmemory", "1"))
    await leave(ada)
    assert await presence(grace) == ("Ada", False)
    await chat.live_device("Ada")
    assert await presence(grace) == ("Ada", True)


async def test_without_redis_people_are_offline_and_everything_else_goes_on(world: World) -> None:
    chat = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock")
    await save(chat, "Grace", "Ada")
    ada = await chat.live_device("Ada")
    grace = await chat.live_device("Grace")
    assert grace.ready["online"] == []
    await leave(ada)
    await grace.heard_nothing()
    assert grace.skipped == []


# A process of its own, which can be killed


@asynccontextmanager
async def process(world: World, port: int) -> AsyncIterator[fork_server.ForkedProcess]:
    environment = {
        **os.environ,
        "PARLEY_CHAT_URL": f"http://127.0.0.1:{port}",
        "PARLEY_DATA_DIR": str(world.folder),
        "PARLEY_CHAT_DATABASE_URL": world.settings.chat_database_url,
        "PARLEY_REDIS_URL": world.redis_url,
        "PARLEY_AUTH_URL": world.auth.url,
        "PARLEY_METRICS_PORT": "0",
        "PARLEY_MESSAGES_PER_SECOND": "0",
    }
    running = fork_server.start("chat_service", environment)
    try:
        yield running
    finally:
        await processes.kill(running)


@asynccontextmanager
async def killable(world: World, here: Instance) -> AsyncIterator[tuple[Instance, fork_server.ForkedProcess]]:
    """An instance in a process; its clock is the real one, so its tokens are of the far future."""
    port = find_free(1)[0]
    async with process(world, port) as running:
        other = here.beside(f"http://127.0.0.1:{port}")

        async def is_ready() -> bool:
            try:
                return bool((await other.request("", "GET", "/readyz")).json()["checks"]["redis"] == "ok")
            except httpx.TransportError:
                return False

        await eventually(is_ready)
        yield other, running


async def test_an_instance_that_is_killed_leaves_no_ghost_and_no_message_behind(world: World) -> None:
    here = await world.instance(messages_per_second=0)
    async with killable(world, here) as (there, running):
        await save(here, "Grace", "Ada")
        ada = await there.live_device("Ada")
        grace = await here.live_device("Grace")
        assert grace.ready["online"] == ["Ada"]
        for number in range(500):
            await ada.say("Grace", str(number), nonce=f"n{number}")
        acknowledged = [(await ada.hear("sent"))["message"] for _ in range(20)]
        running.kill()
        while (event := await last_words(ada)) is not None:
            acknowledged.append(event)
        await running.wait()

        async def is_gone() -> bool:
            (saved,) = await here.get("Grace", "/api/saved-chats")
            return not saved["online"]

        await eventually(is_gone)
        assert (await here.device("Grace")).ready["online"] == []
    ada = await here.live_device("Ada")  # and says again whatever she is not sure of
    for number in range(500):
        await ada.say("Grace", str(number), nonce=f"n{number}")
    assert await grace.hear_texts(500) == [str(number) for number in range(500)]
    assert acknowledged == [str(number) for number in range(len(acknowledged))]
    await grace.heard_nothing()


async def last_words(device: Device) -> str | None:
    """What still came before the connection broke."""
    try:
        return str((await device.hear("sent"))["message"])
    except ConnectionClosed:
        return None


async def test_who_comes_while_a_contact_reconnects_does_not_take_them_for_offline(world: World) -> None:
    chat = await world.instance(presence_grace_s=30)  # which does not end while a slow machine connects them
    await save(chat, "Grace", "Ada")
    ada = await chat.live_device("Ada")
    await leave(ada)
    grace = await chat.device("Grace")
    assert grace.ready["online"] == ["Ada"]  # within the grace: nobody will be told when she is back
    await chat.live_device("Ada")
    await grace.heard_nothing()
    assert grace.skipped == []
