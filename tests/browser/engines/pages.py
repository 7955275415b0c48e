"""A page of one person in a browser of their own, in the few words that every engine's driver has."""

import asyncio
import json
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Error, Page

WAIT_S_MAX = 15.0
POLL_S = 0.05


class Driver(Protocol):
    """What a driver does; `evaluate` takes the body of a function, and `press` a key that the focus gets."""

    async def open(self, url: str) -> None: ...

    async def evaluate(self, body: str) -> Any: ...

    async def fill(self, selector: str, text: str) -> None: ...

    async def click(self, selector: str) -> None: ...

    async def submit_by_enter(self, selector: str) -> None: ...

    async def choose_file(self, selector: str, path: Path) -> None: ...

    async def resize(self, width: int, height: int) -> None: ...


class PlaywrightDriver:
    def __init__(self, page: Page) -> None:
        self._page = page

    async def open(self, url: str) -> None:
        await self._page.goto(url)

    async def evaluate(self, body: str) -> Any:
        try:
            return await self._page.evaluate(f"() => {{ {body} }}")
        except Error as error:
            if "navigation" in str(error):
                return None  # the page went meanwhile
            raise

    async def fill(self, selector: str, text: str) -> None:
        await self._page.locator(selector).fill(text)

    async def click(self, selector: str) -> None:
        await self._page.locator(selector).click()

    async def submit_by_enter(self, selector: str) -> None:
        await self._page.locator(selector).press("Enter")

    async def choose_file(self, selector: str, path: Path) -> None:
        await self._page.locator(selector).set_input_files(path)

    async def resize(self, width: int, height: int) -> None:
        await self._page.set_viewport_size({"width": width, "height": height})


class EnginePage:
    """Somebody's page, in words of the site."""

    def __init__(self, driver: Driver, url: str, name: str) -> None:
        self.driver = driver
        self.name = name
        self._url = url

    async def open(self, path: str) -> None:
        await self.driver.open(self._url + path)

    async def until(self, body: str, **values: object) -> None:
        """Return once the body of a function gives something; names in it are those of `values`."""
        constants = "".join(f"const {name} = {json.dumps(value)};" for name, value in values.items())
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                while not await self.driver.evaluate(f"return Boolean((() => {{ {constants} {body} }})());"):
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(f"{self.name} waits in vain for {body} with {values}") from None

    async def fill_in(self, **fields: str) -> None:
        for name, text in fields.items():
            await self.driver.fill(f'form [name="{name}"]', text)

    async def click(self, selector: str) -> None:
        """Press it, once it is there to be pressed: not every driver waits by itself."""
        await self.until(IN_REACH, selector=selector)
        await self.driver.click(selector)

    async def chat_with(self, other: "EnginePage") -> None:
        await self.open(f"/chat/{other.name}")
        await self.live()

    async def live(self) -> None:
        await self.until('return document.querySelector("#connection")?.dataset.state === "online";')

    async def write(self, text: str) -> None:
        await self.driver.fill("#message", text)
        await self.driver.submit_by_enter("#message")

    async def sees(self, text: str, within: str = ".text") -> None:
        body = "return articles().some((one) => one.querySelector(within)?.textContent.trim() === text);"
        await self.until(f"{ARTICLES} {body}", text=text, within=within)

    async def has_sent(self, text: str) -> None:
        """Return when that message is kept."""
        body = "return articles().some((one) => one.dataset.id && one.querySelector('.text')?.textContent === text);"
        await self.until(f"{ARTICLES} {body}", text=text)

    async def use(self, text: str, action: str) -> None:
        """Press a tool of the message that says this."""
        body = "articles().find((one) => one.querySelector('.text').textContent.trim() === text)"
        tool = "?.querySelector(`.tools [data-action=${action}]`)"
        await self.until(f"{ARTICLES} const tool = {body}{tool}; tool?.click(); return tool;", text=text, action=action)


# It is shown, and stands still.
IN_REACH = """
const element = document.querySelector(selector);
element?.scrollIntoView({ block: "nearest" });
const box = element?.getBoundingClientRect();
const [before, now] = [window.lastBox, box && [box.x, box.y].join()];
window.lastBox = now;
return box?.width > 0 && before === now;
"""
ARTICLES = 'const articles = () => [...document.querySelectorAll("#log > article")];'
