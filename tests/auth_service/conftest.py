import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth_service.settings import AuthSettings
from tests.auth_service.owners import owner_of
from tests.auth_service.people import Auth, Person, serving
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> AuthSettings:
    return settings_of(tmp_path, database_url)


@pytest.fixture(scope="module")
def settings_of_asked(tmp_path_factory: pytest.TempPathFactory, database_url_of_module: str) -> AuthSettings:
    return settings_of(tmp_path_factory.mktemp("asked"), database_url_of_module)


def settings_of(folder: Path, database_url: str) -> AuthSettings:
    """Redis is away: nothing but the feed needs it. So are chat and media."""
    return AuthSettings(
        data_dir=folder,
        redis_url=f"unix://{folder}/no-redis.sock",
        chat_url="http://127.0.0.1:1",
        media_url="http://127.0.0.1:1",
        secret_key=secrets.token_hex(16),
        auth_database_url=database_url,
    )


@pytest.fixture
async def auth(settings: AuthSettings, clock: Clock) -> AsyncIterator[Auth]:
    async with serving(settings, clock) as service:
        yield service


@pytest.fixture(scope="module")
async def asked(settings_of_asked: AuthSettings) -> AsyncIterator[Auth]:
    """One for all tests of a file that ask for what is refused, or is not there, so that nothing comes of it."""
    async with serving(settings_of_asked, Clock()) as service:
        yield service


@pytest.fixture(scope="module")
async def asker(asked: Auth, settings_of_asked: AuthSettings) -> Person:
    """Ada, who owns the instance that is asked."""
    return await owner_of(asked, settings_of_asked)


@pytest.fixture
async def ada(auth: Auth, settings: AuthSettings) -> Person:
    return await owner_of(auth, settings)
