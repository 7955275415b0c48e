from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat_service.app import MIGRATIONS
from servicekit.database import Database
from servicekit.engines import open_database
from tests.chat_service.albums import Album
from tests.chat_service.moderating import set_role
from tests.chat_service.world import Instance, World
from tests.valkey import Valkey


@pytest.fixture
async def world(tmp_path: Path, redis_url: str, database_url: str) -> AsyncIterator[World]:
    async with World(tmp_path, redis_url, database_url) as made:
        yield made


@pytest.fixture
def where(tmp_path: Path, database_url: str) -> Path | str:
    """Of a store beside that of the world."""
    return f"{database_url}#alone" if database_url else tmp_path / "alone.db"


@pytest.fixture
async def database(where: Path | str) -> AsyncIterator[Database]:
    async with open_database(where, MIGRATIONS) as opened:
        yield opened


@pytest.fixture
async def file_world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    """One whose store is a file, where that is what a test is about."""
    async with World(tmp_path, redis_url) as made:
        yield made


@pytest.fixture
async def fragile_world(tmp_path: Path, valkey: Valkey, database_url: str) -> AsyncIterator[World]:
    """A world around that Valkey."""
    async with World(tmp_path, valkey.url, database_url) as made:
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


async def garden(chat: Instance, *, moderator: str = "Grace", private: bool = False) -> None:
    """Ada's, with Grace as its moderator, and Linus."""
    await chat.make_room("Ada", "garden", "Grace", "Linus", private=private)
    await set_role(chat, "Ada", moderator)


@pytest.fixture
async def album(world: World, chat: Instance) -> Album:
    await world.media(chat)
    return Album(world)
