import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from auth_service.settings import AuthSettings
from tests.auth_service.people import Auth, serving
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> AuthSettings:
    """Redis is away: nothing but the feed needs it. So are chat and media."""
    return AuthSettings(
        data_dir=tmp_path,
        redis_url=f"unix://{tmp_path}/no-redis.sock",
        chat_url="http://127.0.0.1:1",
        media_url="http://127.0.0.1:1",
        secret_key=secrets.token_hex(16),
        auth_database_url=database_url,
    )


@pytest.fixture
async def auth(settings: AuthSettings, clock: Clock) -> AsyncIterator[Auth]:
    async with serving(settings, clock) as service:
        yield service
