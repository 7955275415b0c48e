"""WebKitGTK by its own driver (W3C WebDriver): a browser of one person, on a display of their own."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from launcher.ports import find_free

DRIVER = Path("/usr/bin/WebKitWebDriver")
ENTER = "\ue007"  # WebDriver, 17.4.2
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver, 12.2
_START_S_MAX = 15.0
_POLL_S = 0.05


def find_browser() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))), None)


class WebKitDriver:
    def __init__(self, http: httpx.AsyncClient, session: str) -> None:
        self._http = http
        self._session = session

    async def open(self, url: str) -> None:
        await self._tell("url", url=url)

    async def evaluate(self, body: str) -> Any:
        return await self._tell("execute/sync", script=body, args=[])

    async def fill(self, selector: str, text: str) -> None:
        element = await self._find(selector)
        await self._tell(f"element/{element}/clear")
        await self._tell(f"element/{element}/value", text=text)

    async def click(self, selector: str) -> None:
        await self._tell(f"element/{await self._find(selector)}/click")

    async def submit_by_enter(self, selector: str) -> None:
        await self._tell(f"element/{await self._find(selector)}/value", text=ENTER)

    async def choose_file(self, selector: str, path: Path) -> None:
        await self._tell(f"element/{await self._find(selector)}/value", text=str(path))

    async def resize(self, width: int, height: int) -> None:
        await self._tell("window/rect", width=width, height=height)

    async def _find(self, selector: str) -> str:
        found = await self._tell("element", using="css selector", value=selector)
        return str(found[_ELEMENT])

    async def _tell(self, command: str, **parameters: object) -> Any:
        answer = await self._http.post(f"/session/{self._session}/{command}", json=parameters)
        assert answer.status_code == 200, f"{command}: {answer.text}"
        return answer.json()["value"]


@asynccontextmanager
async def webkit(browser: Path, *, runs_scripts: bool = True) -> AsyncIterator[WebKitDriver]:
    """What is evaluated runs also where the page may run nothing."""
    async with _display() as display, _driver(display) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
        options = {"binary": str(browser), "args": ["--automation", f"--enable-javascript={str(runs_scripts).lower()}"]}
        wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        answer = await http.post("/session", json=wanted)
        assert answer.status_code == 200, answer.text
        session = answer.json()["value"]["sessionId"]
        yield WebKitDriver(http, session)
        await http.delete(f"/session/{session}")


@asynccontextmanager
async def _display() -> AsyncIterator[str]:
    """An X server that chooses its number itself."""
    arguments = ("-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp")
    server = await asyncio.create_subprocess_exec("Xvfb", *arguments, stdout=PIPE, stderr=DEVNULL)
    try:
        assert server.stdout is not None
        async with asyncio.timeout(_START_S_MAX):
            number = await server.stdout.readline()
        yield f":{int(number)}"
    finally:
        await _end(server)


@asynccontextmanager
async def _driver(display: str) -> AsyncIterator[str]:
    port = find_free(1)[0]
    environment = {**os.environ, "DISPLAY": display}
    driver = await asyncio.create_subprocess_exec(
        DRIVER, f"--port={port}", env=environment, stdout=DEVNULL, stderr=DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(_START_S_MAX), httpx.AsyncClient(base_url=url) as http:
            while not await _is_ready(http):
                await asyncio.sleep(_POLL_S)
        yield url
    finally:
        await _end(driver)


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return bool((await http.get("/status")).json()["value"]["ready"])
    except httpx.TransportError:
        return False


async def _end(process: Process) -> None:
    process.terminate()
    await process.wait()
