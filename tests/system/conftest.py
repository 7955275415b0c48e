from collections.abc import AsyncIterator

import pytest

from tests.system.parleys import Parley, parley


@pytest.fixture(scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parley]:
    """For tests that break nothing."""
    async with parley(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture(scope="session")
async def fragile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parley]:
    """For tests that kill services; each begins and ends with all of them at work."""
    async with parley(tmp_path_factory.mktemp("fragile")) as running:
        yield running


@pytest.fixture(scope="session")
async def twin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parley]:
    """Two instances of chat; tests may take Redis away, and bring it back."""
    async with parley(tmp_path_factory.mktemp("twin"), chat_instances=2) as running:
        yield running
