import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.valkey import Valkey
from tests.video_service.world import Instance, World


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    """Of the run's Valkey, empty."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(valkey_url.removeprefix("unix://"))
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(100) == b"+OK\r\n"
    return valkey_url


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    async with World(tmp_path, redis_url) as made:
        yield made


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A Valkey that the test may kill, stop and start."""
    with closing(Valkey()) as made:
        made.start()
        yield made


@pytest.fixture
async def fragile_world(tmp_path: Path, valkey: Valkey) -> AsyncIterator[World]:
    """A world around that Valkey."""
    async with World(tmp_path, valkey.url) as made:
        yield made


@pytest.fixture
async def video(world: World) -> Instance:
    return await world.instance()
