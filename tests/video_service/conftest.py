from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.valkey import Valkey
from tests.video_service.world import Instance, World


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    """On SQLite: who tests what is stored has one on each engine."""
    async with World(tmp_path, redis_url) as made:
        yield made


@pytest.fixture
async def fragile_world(tmp_path: Path, valkey: Valkey) -> AsyncIterator[World]:
    """A world around that Valkey."""
    async with World(tmp_path, valkey.url) as made:
        yield made


@pytest.fixture
async def video(world: World) -> Instance:
    return await world.instance()
