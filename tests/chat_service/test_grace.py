"""The moment after `ready` in which a device may say that it was away: events wait for it, but not for ever."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from chat_service.domain.readers import RESUME_GRACE_S
from chat_service.websocket.chat_socket import WAITING_MAX
from servicekit.frames import Opcode
from tests.chat_service.world import Event, Instance, World
from tests.servicekit.sockets import RawClient, upgrade_request
from tests.waiting import WAIT_S_MAX, eventually

RESUME = json.dumps({"type": "resume", "positions": {}}).encode()


class Slow(RawClient):
    """Grace's device, whose answers to pings are sent when the test says so."""

    async def event(self) -> Event:
        """The next event; pings are passed over."""
        while True:
            opcode, payload = await self.frame()
            if opcode == Opcode.TEXT:
                return dict(json.loads(payload))

    async def become_live(self) -> None:
        """Return when the service knows that `ready` has been read."""
        self.send(Opcode.PONG)
        self.send(Opcode.PING)
        while (await self.frame())[0] != Opcode.PONG:
            pass


@asynccontextmanager
async def slow_device(chat: Instance) -> AsyncIterator[Slow]:
    with socket.socket() as line:
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", urlsplit(chat.url).port))
        device = Slow(line)
        device.write(upgrade_request("/ws", authorization=f"Bearer {chat.auth.token('Grace')}"))
        await device.read_head()
        yield device


@pytest.fixture
async def slow(chat: Instance) -> AsyncIterator[Slow]:
    async with slow_device(chat) as device:
        yield device


async def said(chat: Instance, count: int = 1) -> None:
    """Ada says that much to Grace, and it is out."""
    ada = await chat.live_device("Ada")
    for number in range(count):
        await ada.say("Grace", str(number))
    for _ in range(count):
        await ada.hear("sent")


async def test_what_is_said_once_the_handshake_is_answered_comes_live(chat: Instance, slow: Slow) -> None:
    await said(chat)
    assert (await slow.event())["positions"] == {}
    await slow.become_live()
    assert (await slow.event())["message"] == "0"


async def test_on_a_slow_line_events_wait_for_the_answer_to_the_ping(world: World) -> None:
    chat = await world.instance(resume_grace_s=0)
    async with slow_device(chat) as slow:
        await slow.event()
        await said(chat)
        slow.send(Opcode.TEXT, RESUME)
        assert [(await slow.event())["type"] for _ in range(2)] == ["resumed", "message"]


async def test_a_busy_moment_of_the_service_makes_no_resume_late(chat: Instance, slow: Slow) -> None:
    await slow.event()
    await said(chat)
    await slow.become_live()
    slow.send(Opcode.TEXT, RESUME)
    time.sleep(RESUME_GRACE_S + 0.05)  # the service runs in this loop: the matter is that it does nothing meanwhile
    assert [(await slow.event())["type"] for _ in range(2)] == ["resumed", "message"]


async def test_who_answers_no_ping_waits_a_little_longer(world: World) -> None:
    chat = await world.instance(resume_grace_s=0, resume_grace_s_max=0.3)
    since_s = time.monotonic()
    async with slow_device(chat) as slow:
        await slow.event()
        await said(chat)
        assert (await slow.event())["message"] == "0"
        assert time.monotonic() - since_s > 0.3


async def test_more_than_an_outbox_holds_does_not_wait(world: World) -> None:
    chat = await world.instance(messages_per_second=0)
    grace = await chat.device("Grace")
    await said(chat, 1_000)
    assert await grace.hear_texts(1_000) == [str(number) for number in range(1_000)]


async def test_who_vanishes_at_the_door_leaves_nothing_behind(world: World, chat: Instance) -> None:
    await chat.request("Ada", "POST", "/api/save-chat", json={"username": "Grace"})
    for _ in range(20):
        with socket.socket() as line:
            line.setblocking(False)
            await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", urlsplit(chat.url).port))
            device = RawClient(line)
            device.write(upgrade_request("/ws", authorization=f"Bearer {chat.auth.token('Grace')}"))
            await asyncio.sleep(0)  # so that it is at a different step each time
            device.reset()

    async def is_gone() -> bool:
        (saved,) = await chat.get("Ada", "/api/saved-chats")
        return not saved["online"]

    await eventually(is_gone)
    assert not chat.state["sockets"]


async def test_a_late_resume_brings_nothing_out_of_order(chat: Instance) -> None:
    await said(chat)
    ada = await chat.live_device("Ada")
    await ada.say("Linus", "hello")
    await ada.hear("sent")
    await ada.refused()
    grace = await chat.live_device("Grace")
    await said(chat)
    assert await grace.hear_texts(1) == ["0"]
    await grace.send(type="resume", positions={})
    assert (await grace.hear("resumed"))["truncated"] == ["@Ada"]
    linus = await chat.live_device("Linus")
    await linus.send(type="resume", positions={})
    assert await linus.hear_texts(1) == ["hello"]
    assert (await linus.hear("resumed"))["truncated"] == []


@asynccontextmanager
async def reading_held_up(chat: Instance, name: str) -> AsyncIterator[None]:
    """What the person asks the store for that may take long waits for its turn."""
    over = threading.Event()
    reading = asyncio.create_task(chat.state["database"].read_in_turn(name, lambda _: over.wait(WAIT_S_MAX)))
    try:
        yield
    finally:
        over.set()
        await reading


async def test_while_a_resume_runs_pings_are_answered_and_commands_wait(chat: Instance) -> None:
    await said(chat)
    async with reading_held_up(chat, "Grace"):
        grace = await chat.device("Grace")
        await grace.send(type="resume", positions={})
        for number in range(2 * WAITING_MAX):  # more than wait here: the rest does before the door
            await grace.say("Ada", f"answer {number}")
            if number < WAITING_MAX // 2:
                await asyncio.wait_for(await grace.connection.ping(), WAIT_S_MAX / 2)
    assert await grace.hear_texts(1) == ["0"]
    await grace.hear("resumed")
    assert await grace.hear_texts(2 * WAITING_MAX, "sent") == [f"answer {number}" for number in range(2 * WAITING_MAX)]


async def test_who_leaves_in_the_middle_of_a_resume_is_waited_for_by_nobody(chat: Instance) -> None:
    await said(chat)
    async with reading_held_up(chat, "Grace"):
        for _ in range(5):
            grace = await chat.device("Grace")
            await grace.send(type="resume", positions={})
            await eventually(resumes_under_way)
            await grace.connection.close()
        await eventually(lambda: not any(one.identity.username == "Grace" for one in chat.state["sockets"]))
        await eventually(lambda: not resumes_under_way(), within_s=WAIT_S_MAX / 2)  # before the hold ends by itself


def resumes_under_way() -> list[str]:
    return [name for task in asyncio.all_tasks() if "_resume" in (name := str(task.get_coro()))]
