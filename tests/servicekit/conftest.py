from collections.abc import AsyncIterator

import pytest

from tests.servicekit.sockets import Server, serving


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as echoing:
        yield echoing
