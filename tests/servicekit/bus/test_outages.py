"""The bus when Redis dies, hangs and comes back, and on servers that misbehave."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from servicekit.bus import BusUnavailable
from tests.servicekit.bus.buses import SILENCE_S_MAX, connected_bus, in_time, running_bus
from tests.valkey import Valkey

# Redis is away


async def test_without_redis_everything_says_so_and_nothing_waits(valkey: Valkey) -> None:
    valkey.kill()
    async with running_bus(valkey.url) as ada:
        assert not ada.bus.is_connected
        with pytest.raises(BusUnavailable):
            await in_time(ada.bus.execute(("PING",)))
        assert not await in_time(ada.bus.ping())
        assert not await in_time(ada.bus.subscribe("room", ada.hear("room")))
        ada.bus.send(("PING",))
        valkey.start()
        await ada.is_connected()
        assert ada.bus.is_connected
        assert await ada.publish("room", b"the subscription was kept") == 1


async def test_subscriptions_come_back_after_redis_was_killed(valkey: Valkey) -> None:
    async with connected_bus(valkey.url) as ada:
        for name in ("room", "other", "left"):
            await ada.subscribe(name)
        valkey.kill()
        await ada.is_disconnected()
        assert not ada.bus.is_connected
        ada.bus.unsubscribe("left")
        assert not await in_time(ada.bus.subscribe("new", ada.hear("new")))
        valkey.start()
        await ada.is_connected()
        for name in ("room", "other", "new"):
            assert await ada.publish(name, b"again") == 1
            assert await ada.next() == (name, b"again")
        assert await ada.publish("left", b"again") == 0


async def test_the_listeners_of_a_new_connection_find_the_subscriptions_in_force(valkey: Valkey) -> None:
    async with connected_bus(valkey.url) as ada:
        await ada.subscribe("room")
        counts: asyncio.Queue[asyncio.Future[list[Any]]] = asyncio.Queue()
        channel = ada.bus.channel("room")
        ada.bus.on_connected(lambda: counts.put_nowait(ada.bus.execute(("PUBLISH", channel, b"back"))))
        valkey.kill()
        valkey.start()
        assert await in_time(await in_time(counts.get())) == [1]
        assert await ada.next() == ("room", b"back")


async def test_each_coming_and_going_is_told_once(valkey: Valkey) -> None:
    async with connected_bus(valkey.url) as ada:
        for _ in range(3):
            valkey.kill()
            await ada.is_disconnected()
            valkey.start()
            await ada.is_connected()
        assert await in_time(ada.bus.ping())
        assert ada.connected.locked()
        assert ada.disconnected.locked()


async def test_what_is_in_flight_when_redis_dies_fails_and_does_not_hang(valkey: Valkey) -> None:
    async with connected_bus(valkey.url) as ada:
        valkey.send(signal.SIGSTOP)
        in_flight = [ada.bus.execute(("PING",)) for _ in range(3)]
        in_flight[0].cancel()
        ada.bus.send(("PING",))
        confirmation = asyncio.ensure_future(ada.bus.subscribe("room", ada.hear("room")))
        valkey.kill()
        for answer in in_flight[1:]:
            with pytest.raises(BusUnavailable):
                await in_time(answer)
        assert not await in_time(confirmation)


async def test_a_hung_redis_is_noticed_and_used_again_when_it_goes_on(valkey: Valkey) -> None:
    loop = asyncio.get_running_loop()
    async with connected_bus(valkey.url) as ada:
        await ada.subscribe("room")
        valkey.send(signal.SIGSTOP)
        stopped_at_s = loop.time()
        unanswered = ada.bus.execute(("PING",))
        with pytest.raises(BusUnavailable):
            await in_time(unanswered)
        await ada.is_disconnected()
        assert loop.time() - stopped_at_s < SILENCE_S_MAX * 4 / 3 + 0.5
        valkey.send(signal.SIGCONT)
        await ada.is_connected()
        await in_time(ada.bus.ping())
        assert await ada.publish("room", b"hello") >= 1
        assert await ada.next() == ("room", b"hello")


async def test_what_a_connection_begins_with_is_said_on_each_before_anything_else(valkey: Valkey) -> None:
    async with running_bus(valkey.url) as ada:
        ada.bus.begin_with(("CLIENT", "SETNAME", "ada"))
        for _ in range(2):
            await ada.is_connected()
            assert await in_time(ada.bus.execute(("CLIENT", "GETNAME"))) == [b"ada"]
            valkey.kill()
            valkey.start()


async def test_a_cancelled_bus_is_disconnected_and_tells_so(valkey_url: str) -> None:
    async with connected_bus(valkey_url) as ada:
        pass
    assert not ada.bus.is_connected
    assert not ada.disconnected.locked()
    assert not await in_time(ada.bus.ping())


# Servers that misbehave


@asynccontextmanager
async def fake_redis(answer: Callable[[bytes, asyncio.StreamWriter], None]) -> AsyncIterator[str]:
    """The URL of a server that does `answer` with each piece of what it gets."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                answer(data, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"


GREETING = b"%0\r\n+OK\r\n"


async def test_a_redis_that_hangs_after_its_greeting_is_given_up() -> None:
    greetings = asyncio.Semaphore(0)

    def answer(data: bytes, writer: asyncio.StreamWriter) -> None:
        if b"HELLO" in data:
            writer.write(GREETING)
            greetings.release()

    async with fake_redis(answer) as url, running_bus(url, silence_s_max=0.05):
        for _ in range(3):
            await in_time(greetings.acquire())


async def test_a_redis_that_hangs_before_its_greeting_is_given_up() -> None:
    attempts = asyncio.Semaphore(0)
    async with fake_redis(lambda *_: attempts.release()) as url, running_bus(url, silence_s_max=0.05):
        for _ in range(3):
            await in_time(attempts.acquire())


async def test_what_is_no_redis_is_given_up() -> None:
    attempts = asyncio.Semaphore(0)

    def answer(data: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        attempts.release()

    async with fake_redis(answer) as url, running_bus(url) as ada:
        for _ in range(3):
            await in_time(attempts.acquire())
        assert not ada.bus.is_connected


async def test_an_answer_that_nobody_asked_for_ends_the_connection_and_not_the_bus() -> None:
    greetings = asyncio.Semaphore(0)

    def answer(data: bytes, writer: asyncio.StreamWriter) -> None:
        if b"HELLO" in data:
            greetings.release()
            writer.write(GREETING)
        elif b"PING" in data:
            writer.write(b"+PONG\r\n+PONG\r\n+PONG\r\n")

    async with fake_redis(answer) as url, running_bus(url) as ada:
        for _ in range(3):
            await in_time(greetings.acquire())
            await ada.is_disconnected()
