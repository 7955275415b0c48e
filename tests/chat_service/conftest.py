from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chat_service.world import Instance, World
from tests.valkey import Valkey


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    async with World(tmp_path, redis_url) as made:
        yield made


@pytest.fixture
async def fragile_world(tmp_path: Path, valkey: Valkey) -> AsyncIterator[World]:
    """A world around that Valkey."""
    async with World(tmp_path, valkey.url) as made:
        yield made


@pytest.fixture(scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Instance]:
    """One for all tests of a file that ask for what is refused. It is without Redis, which is not asked for that."""
    folder = tmp_path_factory.mktemp("asked")
    nowhere = f"unix://{folder}/no-redis.sock"
    async with World(folder, nowhere) as world:
        yield await world.instance(redis_url=nowhere)


@pytest.fixture
async def chat(world: World) -> Instance:
    return await world.instance(messages_per_second=0)
