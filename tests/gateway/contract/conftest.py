"""A gateway whose services tell their contracts."""

from collections.abc import AsyncIterator

import pytest

from servicekit.contract import PATH
from tests.gateway.contract.parts import PARTS, Clock, none, telling
from tests.gateway.gateways import System, system


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def told(clock: Clock) -> AsyncIterator[System]:
    """A gateway whose auth and chat tell their contracts; media and video have none."""
    async with system(clock) as whole:
        for service in whole.services:
            service.at[PATH] = telling(PARTS[service.name]) if service.name in PARTS else none
        yield whole
