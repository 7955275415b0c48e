"""Two buses on the Valkey of this run, and a Valkey that may be broken."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from launcher.ports import find_free
from tests.servicekit.bus.buses import Listening, connected_bus
from tests.valkey import Valkey


@pytest.fixture
async def ada(valkey_url: str) -> AsyncIterator[Listening]:
    async with connected_bus(valkey_url) as listening:
        yield listening


@pytest.fixture
async def grace(valkey_url: str) -> AsyncIterator[Listening]:
    async with connected_bus(valkey_url) as listening:
        yield listening


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """One that may be broken, on a port of its own."""
    with closing(Valkey(port=find_free(1)[0])) as own:
        own.start()
        yield own
