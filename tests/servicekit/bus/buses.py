"""Buses that run, and keep what they hear."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from servicekit.bus import Bus
from servicekit.server import running

WAIT_S = 5.0
RETRY_S = 0.01
SILENCE_S_MAX = 0.3


class Listening:
    """A bus that runs, what its handlers heard, and how often it came and went."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.connected = asyncio.Semaphore(0)
        self.disconnected = asyncio.Semaphore(0)
        bus.on_connected(self.connected.release)
        bus.on_disconnected(self.disconnected.release)

    def hear(self, name: str) -> Callable[[bytes], None]:
        return lambda payload: self.heard.put_nowait((name, payload))

    async def subscribe(self, name: str) -> None:
        async with asyncio.timeout(WAIT_S):
            assert await self.bus.subscribe(name, self.hear(name))

    async def publish(self, name: str, payload: bytes) -> int:
        """How many subscribers Redis has passed it to."""
        async with asyncio.timeout(WAIT_S):
            (count,) = await self.bus.execute(("PUBLISH", self.bus.channel(name), payload))
        return int(count)

    async def next(self) -> tuple[str, bytes]:
        async with asyncio.timeout(WAIT_S):
            return await self.heard.get()

    async def is_connected(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.connected.acquire()

    async def is_disconnected(self) -> None:
        async with asyncio.timeout(WAIT_S):
            await self.disconnected.acquire()


@asynccontextmanager
async def running_bus(url: str, **options: Any) -> AsyncIterator[Listening]:
    """A bus that tries, connected or not."""
    listening = Listening(Bus(url, **{"retry_s": RETRY_S, "silence_s_max": SILENCE_S_MAX, **options}))
    async with running(listening.bus.run()):
        yield listening


@asynccontextmanager
async def connected_bus(url: str, **options: Any) -> AsyncIterator[Listening]:
    async with running_bus(url, **options) as listening:
        await listening.is_connected()
        yield listening


async def in_time(awaitable: Awaitable[Any]) -> Any:
    async with asyncio.timeout(WAIT_S):
        return await awaitable
