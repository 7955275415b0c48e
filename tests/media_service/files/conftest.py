"""A service that hears its peers, and what they tell."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from servicekit.bus import Bus
from tests.media_service.gallery import Galleries, Gallery
from tests.waiting import eventually


@pytest.fixture
async def media(galleries: Galleries, valkey_url: str) -> AsyncIterator[Gallery]:
    async with galleries(redis_url=valkey_url) as running:
        yield running


@pytest.fixture
async def bus(valkey_url: str) -> AsyncIterator[Bus]:
    """What the peers tell over Redis."""
    bus = Bus(valkey_url)
    task = asyncio.create_task(bus.run())
    await eventually(lambda: bus.is_connected)
    yield bus
    task.cancel()
    await asyncio.wait([task])
