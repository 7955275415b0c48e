"""Both ends of an open WebSocket connection, and waiting for what happens to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import REGISTRY

from tests.servicekit.sockets import WAIT_S, RawClient, Server

CLOSE_NORMAL = (1000).to_bytes(2, "big")


def open_connections() -> float:
    return REGISTRY.get_sample_value("parley_open_connections") or 0.0


async def wait(event: asyncio.Event) -> None:
    async with asyncio.timeout(WAIT_S):
        await event.wait()


@asynccontextmanager
async def in_time() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as tasks:
        yield tasks


@asynccontextmanager
async def joined(server: Server, **options: Any) -> AsyncIterator[tuple[RawClient, Any]]:
    """Both ends of one open connection."""
    async with server.raw(**options) as client:
        connection = await server.connection()
        await wait(connection.has_opened)
        yield client, connection
