"""Firefox as it is installed, by WebDriver BiDi: a browser of one person, in a profile of their own."""

import asyncio
import json
import re
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

NAMES = ("firefox-esr", "firefox")
ENTER = "\ue007"  # WebDriver, 17.4.2
PREFERENCES = {
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_START_S_MAX = 30.0
_POLL_S = 0.05
_ANSWER_S_MAX = 30.0  # the first waits until Firefox has started


def find_browser() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class FirefoxDriver:
    def __init__(self, socket: ClientConnection, *, sandbox: str = "") -> None:
        """With a `sandbox` what is evaluated runs beside the page, also where the page may run nothing."""
        self._socket = socket
        self._sandbox = {"sandbox": sandbox} if sandbox else {}
        self._numbers = count(1)
        self._context = ""

    async def begin(self) -> None:
        await self._tell("session.new", capabilities={})
        tree = await self._tell("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def open(self, url: str) -> None:
        await self._tell("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, body: str) -> Any:
        result = await self._evaluated(f"JSON.stringify((() => {{ {body} }})())")
        return json.loads(result.get("value", "null"))

    async def fill(self, selector: str, text: str) -> None:
        await self._focus(selector)
        await self.evaluate("document.activeElement.select();")
        await self._press(text)

    async def click(self, selector: str) -> None:
        x, y = await self.evaluate(f"""
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{ block: "nearest" }});
            const box = element.getBoundingClientRect();
            return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
        """)
        move = {"type": "pointerMove", "x": x, "y": y}
        press, release = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        await self._act({"type": "pointer", "id": "mouse", "actions": [move, press, release]})

    async def submit_by_enter(self, selector: str) -> None:
        await self._focus(selector)
        await self._press(ENTER)

    async def choose_file(self, selector: str, path: Path) -> None:
        found = await self._evaluated(f"document.querySelector({json.dumps(selector)})")
        element = {"sharedId": found["sharedId"]}
        await self._tell("input.setFiles", context=self._context, element=element, files=[str(path)])

    async def resize(self, width: int, height: int) -> None:
        viewport = {"width": width, "height": height}
        await self._tell("browsingContext.setViewport", context=self._context, viewport=viewport)

    async def _focus(self, selector: str) -> None:
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).focus();")

    async def _press(self, keys: str) -> None:
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self._act({"type": "key", "id": "keyboard", "actions": strokes})

    async def _act(self, source: dict[str, object]) -> None:
        await self._tell("input.performActions", context=self._context, actions=[source])

    async def _evaluated(self, expression: str) -> dict[str, Any]:
        target = {"context": self._context, **self._sandbox}
        answer = await self._tell("script.evaluate", expression=expression, target=target, awaitPromise=False)
        assert answer["type"] == "success", answer
        result: dict[str, Any] = answer["result"]
        return result

    async def _tell(self, method: str, **parameters: object) -> Any:
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(_ANSWER_S_MAX):
            while (answer := json.loads(await self._socket.recv())).get("id") != number:
                pass  # an event
        assert answer["type"] == "success", answer
        return answer["result"]


@asynccontextmanager
async def firefox(path: str, *, runs_scripts: bool = True) -> AsyncIterator[FirefoxDriver]:
    preferences = {**PREFERENCES, "javascript.enabled": runs_scripts}
    with TemporaryDirectory(prefix="parley-firefox-") as profile:
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items())
        (Path(profile) / "user.js").write_text("".join(lines))
        options = ("--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile)
        log = Path(profile) / "log"
        with log.open("wb") as output:
            browser = await asyncio.create_subprocess_exec(path, *options, stdout=DEVNULL, stderr=output)
        try:
            async with connect(f"{await _address(log)}/session", max_size=None, proxy=None) as socket:
                driver = FirefoxDriver(socket, sandbox="" if runs_scripts else "tests")
                await driver.begin()
                yield driver
        finally:
            browser.terminate()
            await browser.wait()


async def _address(log: Path) -> str:
    async with asyncio.timeout(_START_S_MAX):
        while not (found := _LISTENING.search(log.read_text())):
            await asyncio.sleep(_POLL_S)
    return found[1]
