"""A connection to the gateway, byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.system.parleys import Parley
from tests.system.people import ANSWER_S_MAX


@asynccontextmanager
async def wire(parley: Parley) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the gateway, byte by byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(parley.system.url).port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def raw(parley: Parley, request: bytes) -> bytes:
    """All that the gateway answers to these bytes, until it closes."""
    async with wire(parley) as (reader, writer), asyncio.timeout(ANSWER_S_MAX):
        writer.write(request)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
