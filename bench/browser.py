"""A Chromium of the system, a slow line for its pages, and what its own tracing says of them."""

import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

from bench.people import Person
from bench.rounds import WrongResult

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
VIEWPORT = {"width": 1280, "height": 800}
# "3G fast" of WebPageTest, and what Lighthouse takes for a phone.
DOWNLOAD_KBIT_S, UPLOAD_KBIT_S, LATENCY_MS = 1_600, 768, 150
SLOW_LINE = f"{DOWNLOAD_KBIT_S} kbit/s down, {UPLOAD_KBIT_S} up, {LATENCY_MS} ms until an answer begins"
_CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Raises WrongResult where there is none."""
    path = os.environ.get("PARLEY_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise WrongResult("No Chromium is here. On Debian: apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        await browser.close()


@asynccontextmanager
async def signed_in(browser: Browser, url: str, person: Person) -> AsyncIterator[Page]:
    """A page in a context of its own, where nothing is kept from before."""
    context: BrowserContext = await browser.new_context(viewport=VIEWPORT, locale="en-GB")  # type: ignore[arg-type]
    await context.add_cookies([{"name": "access_token", "value": person.key, "url": url, "httpOnly": True}])
    yield await context.new_page()
    await context.close()


async def slow_down(session: CDPSession) -> None:
    """As Chromium emulates a line: each answer waits, and all share what comes through."""
    await session.send("Network.enable")
    conditions = {
        "offline": False,
        "latency": LATENCY_MS,
        "downloadThroughput": DOWNLOAD_KBIT_S * 1000 / 8,
        "uploadThroughput": UPLOAD_KBIT_S * 1000 / 8,
    }
    await session.send("Network.emulateNetworkConditions", conditions)


class Trace:
    """What Chromium noted between `begin` and `end`."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._browser = browser
        self._page = page
        self._events: list[dict[str, Any]] = []

    async def begin(self) -> None:
        await self._browser.start_tracing(page=self._page, categories=_CATEGORIES)

    async def end(self) -> None:
        self._events = msgspec.json.decode(await self._browser.stop_tracing())["traceEvents"]

    def longest_task_ms(self) -> float:
        """Of the main threads of pages."""
        mains = {
            (event["pid"], event["tid"])
            for event in self._named("thread_name")
            if event["args"]["name"] == "CrRendererMain"
        }
        tasks = (event for event in self._named("RunTask") if (event["pid"], event["tid"]) in mains and "dur" in event)
        return max((event["dur"] / 1000 for event in tasks), default=0.0)

    def layout_shift(self) -> float:
        """All that moved without the reader having done anything."""
        shifts = (event["args"]["data"] for event in self._named("LayoutShift"))
        return float(sum(shift["weighted_score_delta"] for shift in shifts if not shift["had_recent_input"]))

    def _named(self, name: str) -> Iterable[dict[str, Any]]:
        return (event for event in self._events if event["name"] == name)


async def nodes(session: CDPSession) -> int:
    """Of the document, once what nobody holds is gone."""
    await session.send("HeapProfiler.collectGarbage")
    counters = await session.send("Memory.getDOMCounters")
    return int(counters["nodes"])
