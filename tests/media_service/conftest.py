from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from media_service.app import MIGRATIONS
from servicekit.database import Database
from servicekit.engines import open_database
from tests.media_service.gallery import Galleries, Gallery
from tests.postgres import Postgres


@pytest.fixture
def galleries(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> Galleries:
    """Services of the test's own settings, on either engine."""
    return Galleries(tmp_path, _new_databases(request) if database_url else lambda: "")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def galleries_of_module(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Galleries:
    """For services that many tests share."""
    new_database = (lambda: "") if request.param == "sqlite" else _new_databases(request)
    return Galleries(tmp_path_factory.mktemp("media"), new_database)


def _new_databases(request: pytest.FixtureRequest) -> Callable[[], str]:
    postgres: Postgres = request.getfixturevalue("postgres")
    return partial(postgres.new_store, "media", MIGRATIONS)


@pytest.fixture
async def media(galleries: Galleries) -> AsyncIterator[Gallery]:
    async with galleries() as running:
        yield running


@pytest.fixture(scope="module")
async def common(galleries_of_module: Galleries) -> AsyncIterator[Gallery]:
    """One for all tests of a file that look at nothing but what they have brought themselves."""
    async with galleries_of_module("common") as running:
        yield running


@pytest.fixture
async def database(tmp_path: Path, database_url: str) -> AsyncIterator[Database]:
    async with open_database(f"{database_url}#media" if database_url else tmp_path / "files.db", MIGRATIONS) as opened:
        yield opened


@pytest.fixture
async def both(postgres: Postgres) -> AsyncIterator[tuple[Database, Database]]:
    """What two instances have open."""
    where = f"{postgres.new_database()}#media"
    async with open_database(where, MIGRATIONS) as first, open_database(where, MIGRATIONS) as second:
        yield first, second
