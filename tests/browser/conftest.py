"""People at browsers of their own: a real Chromium, and a whole Parley behind it."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from gateway.static_files import StaticFiles
from launcher.ports import find_free
from tests.browser.visitors import Couple, Visitor, Visitors, in_chat, meeting
from tests.system.parleys import BESIDE_HOSTS, WITHOUT_RATES, Parley, parley

Run = Callable[[str, str, Any], Awaitable[Any]]
# The first is the same engine without a window, in half the time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ELSEWHERE = "parley.test"  # another machine, as browsers see it: without TLS its pages are not trustworthy
ARGUMENTS = (
    "--no-sandbox",  # in a container there is no user namespace to make one of
    "--disable-dev-shm-usage",
    "--disable-gpu",  # there is none to be had in a container either
    # A new page of somebody's takes the process of their old one, which has compiled the scripts: a quarter cheaper.
    "--process-per-site",
    "--renderer-process-limit=1",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """`PARLEY_BROWSER`, or a Chromium of the system. Without any the tests skip, unless they are required."""
    named = os.environ.get("PARLEY_BROWSER")
    found = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is not None:
        return Path(found)
    reason = f"no Chromium found (looked for {', '.join(CHROMIUM_NAMES)}; name one in PARLEY_BROWSER)"
    if os.environ.get("PARLEY_BROWSER_REQUIRED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def foreign_port() -> int:
    """Where the media service may find another host, if a test has one there."""
    return find_free(1)[0]


@pytest.fixture(scope="session")
async def site(browser: Browser, foreign_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parley]:
    """A Parley for all tests of the browser; those that stop a service start it again."""
    environment = {**WITHOUT_RATES, "TEST_HOSTS": f"127.0.0.1:{foreign_port}"}
    async with parley(tmp_path_factory.mktemp("browser"), environment=environment, modules=BESIDE_HOSTS) as running:
        yield running


@pytest.fixture(scope="session")
async def company(site: Parley, browser: Browser) -> AsyncIterator[Visitors]:
    """Those who stay for the whole run."""
    async with AsyncExitStack() as stack:
        yield Visitors(site, browser, stack)


@pytest.fixture(scope="session")
async def pair(company: Visitors) -> Couple:
    ada, grace = await company.people("ada", "grace")
    return ada, grace


@pytest.fixture
async def couple(pair: Couple) -> AsyncIterator[Couple]:
    """Ada and Grace, each with the chat with the other open; what was said before is still there."""
    async with meeting(pair):
        yield pair


@pytest.fixture
async def ada(pair: Couple) -> AsyncIterator[Visitor]:
    """The first of the couple alone, with that chat open: the other sees nothing of it."""
    async with in_chat(*pair):
        yield pair[0]


@pytest.fixture
async def visitors(site: Parley, browser: Browser) -> AsyncIterator[Visitors]:
    """Makes visitors; when the test is over, none of their pages may have complained."""
    async with AsyncExitStack() as stack:
        made = Visitors(site, browser, stack)
        yield made
        made.check_complaints()


@pytest.fixture(scope="module")
async def run(company: Visitors, pair: Couple) -> Run:
    """`run(module, function, argument)`: a JavaScript function of the module, as a page has it, and the argument."""
    reader, files = await company.person("reader"), StaticFiles()
    await reader.chat_with(pair[0])
    page = reader.page

    async def call(module: str, function: str, argument: Any) -> Any:
        return await page.evaluate(
            f"""async ({{name, urls, argument}}) => {{
                const {{ $modules }} = await import(urls[0]);
                return ({function})($modules[name] ?? await import(urls[1]), argument);
            }}""",
            {"name": f"{module}.js", "urls": [files.url("app.js"), files.url(f"{module}.js")], "argument": argument},
        )

    return call
