"""The engines, each with two browsers: Chromium always, Firefox and WebKitGTK where they are installed."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest
from playwright.async_api import Browser

from tests.browser.engines import firefox, webkit
from tests.browser.engines.pages import Driver, EnginePage, PlaywrightDriver
from tests.system.parleys import Parley
from tests.system.people import PASSWORD

EnginePair = tuple[EnginePage, EnginePage]


ENGINES = ("chromium", "firefox", "webkit")


@pytest.fixture(scope="module", params=ENGINES)
async def two_drivers(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[list[Driver]]:
    async with AsyncExitStack() as stack:
        starting = [_driver(request.param, browser) for _ in range(2)]
        yield await asyncio.gather(*map(stack.enter_async_context, starting))  # most of a start is waiting


@pytest.fixture(params=ENGINES)
async def scriptless_driver(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Driver]:
    async with _driver(request.param, browser, runs_scripts=False) as driver:
        yield driver


def _driver(engine: str, browser: Browser, *, runs_scripts: bool = True) -> AbstractAsyncContextManager[Driver]:
    if engine == "chromium":
        return _chromium(browser, runs_scripts=runs_scripts)
    if engine == "firefox":
        firefox_path = firefox.find_browser()
        if firefox_path is None:
            pytest.skip(f"no Firefox found (looked for {', '.join(firefox.NAMES)})")
        return firefox.firefox(firefox_path, runs_scripts=runs_scripts)
    webkit_path = webkit.find_browser()
    if webkit_path is None or not webkit.DRIVER.exists() or shutil.which("Xvfb") is None:
        pytest.skip("no WebKitGTK found: it takes the packages webkit2gtk-driver and xvfb")
    return webkit.webkit(webkit_path, runs_scripts=runs_scripts)


@asynccontextmanager
async def _chromium(browser: Browser, *, runs_scripts: bool) -> AsyncIterator[Driver]:
    context = await browser.new_context(java_script_enabled=runs_scripts)
    yield PlaywrightDriver(await context.new_page())
    await context.close()


@pytest.fixture(scope="module")
async def pair(two_drivers: list[Driver], site: Parley) -> EnginePair:
    """Two who have signed up, each in a browser of their own."""
    return await _signed_up(two_drivers[0], site, "ada"), await _signed_up(two_drivers[1], site, "grace")


async def _signed_up(driver: Driver, site: Parley, stem: str) -> EnginePage:
    page = EnginePage(driver, site.system.url, f"{stem}-{uuid4().hex[:8]}")
    await page.open("/sign-up")
    await page.fill_in(username=page.name, email=f"{page.name}@example.org", password=PASSWORD)
    await page.click("form button.primary")
    await page.until("return document.body?.dataset.username === name;", name=page.name)
    await page.live()
    return page
