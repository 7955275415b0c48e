from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.system.parleys import Parley, parley
from tests.system.plain_browsers import PlainBrowser, Two, numbers, plain_browser


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


@pytest.fixture
async def two(shared: Parley) -> AsyncIterator[Two]:
    number = next(numbers)
    names = (f"ada-{number}", f"grace-{number}")
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(plain_browser(shared.system.url)) for _ in names]
        for browser, name in zip(browsers, names, strict=True):
            await browser.sign_up(name)
        yield Two(browsers[0], browsers[1], names)


@pytest.fixture(scope="session")
async def ada(shared: Parley) -> AsyncIterator[PlainBrowser]:
    """Somebody for tests that only look, or are refused."""
    async with plain_browser(shared.system.url) as browser:
        await browser.sign_up("ada-alone")
        yield browser
