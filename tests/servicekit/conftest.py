from collections.abc import AsyncIterator

import pytest

from tests import plain_logs
from tests.servicekit.sockets import Server, serving

plain_logs.configure()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as echoing:
        yield echoing
