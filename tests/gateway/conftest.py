from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System, system
from tests.gateway.tunnels import echo


@pytest.fixture(scope="session")
async def shared() -> AsyncIterator[System]:
    """The gateway, its four peers, and no Redis: without limits, as most tests need none."""
    async with system() as running:
        yield running


@pytest.fixture
async def whole(shared: System) -> System:
    """The same for every test, and as if it were new."""
    await shared.reset()
    return shared


@pytest.fixture(scope="session")
async def with_friends() -> AsyncIterator[System]:
    async with system(allowed_origins="http://friend.test, https://other.test/") as running:
        yield running


@pytest.fixture
async def friends(with_friends: System) -> System:
    """The same, where pages of http://friend.test and https://other.test may call."""
    await with_friends.reset()
    return with_friends


@pytest.fixture
async def echoing(whole: System) -> System:
    whole.chat.handler = whole.video.handler = echo
    return whole
