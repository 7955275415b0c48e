"""The engines, each with two browsers: Chromium always, Firefox and WebKitGTK where they are installed."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from uuid import uuid4

import pytest
from playwright.async_api import Browser

from tests.browser.engines import firefox, webkit
from tests.browser.engines.pages import Driver, EnginePage, PlaywrightDriver
from tests.system.parleys import Parley
from tests.system.people import PASSWORD

EnginePair = tuple[EnginePage, EnginePage]


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
async def two_drivers(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[list[Driver]]:
    async with AsyncExitStack() as stack:
        drivers: list[Driver]
        if request.param == "chromium":
            drivers = [PlaywrightDriver(await (await browser.new_context()).new_page()) for _ in range(2)]
        elif request.param == "firefox":
            firefox_path = firefox.find_browser()
            if firefox_path is None:
                pytest.skip(f"no Firefox found (looked for {', '.join(firefox.NAMES)})")
            drivers = await _both(stack, firefox.firefox(firefox_path), firefox.firefox(firefox_path))
        else:
            webkit_path = webkit.find_browser()
            if webkit_path is None or not webkit.DRIVER.exists() or shutil.which("Xvfb") is None:
                pytest.skip("no WebKitGTK found: it takes the packages webkit2gtk-driver and xvfb")
            drivers = await _both(stack, webkit.webkit(webkit_path), webkit.webkit(webkit_path))
        yield drivers


async def _both(stack: AsyncExitStack, *starting: AbstractAsyncContextManager[Driver]) -> list[Driver]:
    """At once: most of a start is waiting."""
    return await asyncio.gather(*map(stack.enter_async_context, starting))


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
