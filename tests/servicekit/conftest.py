from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.foreign_hosts import Web
from tests.foreign_hosts import serving as serving_the_web
from tests.servicekit.issuer import Issuer
from tests.servicekit.sockets import Server, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as echoing:
        yield echoing


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with serving_the_web() as started:
        yield started


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    own = Issuer()
    await own.start()
    yield own
    own.may_answer.set()
    await own.stop()


@pytest.fixture
def nowhere(tmp_path: Any) -> str:
    """Redis is away, and stays away."""
    return f"unix://{tmp_path}/no-redis.sock"
