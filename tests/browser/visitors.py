"""Visitors: people at browsers, and what they do there in words of the site."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import wraps
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.system.parleys import Parley
from tests.system.people import PASSWORD, Person

WAIT_MS_MAX = 10_000
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

NOTHING = re.compile("(?!)")
BESIDE = frozenset({"more", "react", "reply"})  # the tools that a message shows at once, also without scripts
# What is done to a page by these outlives the document that it was done to.
LASTING = (
    "add_init_script",
    "add_locator_handler",
    "emulate_media",
    "expose_binding",
    "expose_function",
    "on",
    "once",
    "route",
    "route_from_har",
    "route_web_socket",
    "set_extra_http_headers",
    "set_viewport_size",
)
LASTING_OF_CLOCK = ("fast_forward", "install", "pause_at", "resume", "run_for", "set_fixed_time", "set_system_time")

expect.set_options(timeout=WAIT_MS_MAX)


class Visitor:
    """Somebody at a browser. `complaints` are the errors that its pages told the console, violations of CSP too."""

    def __init__(self, site: Parley, context: BrowserContext, page: Page, name: str) -> None:
        self.site = site
        self.context = context
        self.page = page
        self.name = name
        self.person: Person | None = None
        self.complaints: list[str] = []
        self.tolerates = NOTHING
        self._has_lasting = False
        self.listen(page)

    def listen(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        _settle_routes(page)
        _tell_of_lasting(page, self._note_lasting)

    async def begin_anew(self) -> None:
        """With a page that knows nothing of what tests did to the one before: scripts, routes, sizes, themes.

        Where they did none of that it stays: what it has in memory makes a load a third cheaper than on a new one.
        """
        if self._has_lasting:
            before, self.page = self.page, await self.context.new_page()
            await before.close()
            self.listen(self.page)
            self._has_lasting = False
        elif self.page.url != "about:blank":
            await self.leave()
        self.complaints.clear()
        self.tolerates = NOTHING

    async def leave(self) -> None:
        """Nothing goes on there, and nothing is kept for what is opened there next."""
        await self.page.mouse.move(0, 0)
        await self.page.evaluate("sessionStorage.clear()")
        await self.page.goto("about:blank")

    def _note_lasting(self) -> None:
        self._has_lasting = True

    def _hear(self, message: ConsoleMessage) -> None:
        # Tests read canvases back, pages do not.
        if message.type in ("error", "warning") and "willReadFrequently" not in message.text:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def check_complaints(self) -> None:
        told = [one for one in self.complaints if not self.tolerates.search(one)]
        assert not told, f"{self.name}: {told}"

    # Pages

    async def open(self, path: str) -> None:
        await self.page.goto(self.site.system.url + path)

    async def chat_with(self, other: "Visitor | str") -> None:
        name = other if isinstance(other, str) else other.name
        await self.open(f"/chat/{name}")
        await self.live()

    async def live(self) -> None:
        """Return when the page is connected, and has heard what it missed."""
        # Counted: of an attribute that is not so yet Playwright keeps a description of the whole page, at each look.
        await expect(self.page.locator('#connection[data-state="online"]')).to_have_count(1)

    # The log

    @property
    def articles(self) -> Locator:
        return self.page.locator("#log > article")

    def article(self, text: str) -> Locator:
        """The message that says exactly this."""
        return self.articles.filter(has=self.page.locator(".text", has_text=re.compile(f"^{re.escape(text)}$")))

    async def texts(self) -> list[str]:
        return await self.page.locator("#log > article .text").all_text_contents()

    async def sees(self, text: str) -> None:
        await expect(self.article(text)).to_have_count(1)

    async def sees_state(self, text: str, state: str) -> None:
        await expect(self.article(text)).to_have_attribute("data-state", state)

    async def has_sent(self, text: str) -> None:
        """Return when that message is kept, whoever has seen it."""
        await expect(self.article(text)).to_have_attribute("data-id", re.compile(r"^\d+$"))

    # The composer

    @property
    def area(self) -> Locator:
        return self.page.locator('textarea[name="message"]')

    async def write(self, text: str) -> None:
        await self.area.fill(text)
        await self.area.press("Enter")

    async def use(self, text: str, action: str) -> None:
        """Press a tool of the message that says this, or what its menu has."""
        article = self.article(text)
        await article.hover()
        if action in BESIDE:
            await article.locator(f'.tools [data-action="{action}"]').click()
        else:
            await article.locator('.tools [data-action="more"]').click()
            await self.page.locator(f'.message-choices [data-action="{action}"]').click()


def _tell_of_lasting(page: Page, tell: Callable[[], None]) -> None:
    def told(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def calling(*arguments: Any, **options: Any) -> Any:
            tell()
            return call(*arguments, **options)

        return calling

    for owner, names in ((page, LASTING), (page.clock, LASTING_OF_CLOCK)):
        for name in names:
            setattr(owner, name, told(getattr(owner, name)))


def _settle_routes(page: Page) -> None:
    """A page hears of a route by another way than of a key: what a key asks for at once might go past it."""
    route = page.route

    @wraps(route)
    async def settled(*arguments: Any, **options: Any) -> Any:
        routed = await route(*arguments, **options)
        await page.evaluate("0")
        return routed

    page.route = settled  # type: ignore[method-assign]


Couple = tuple[Visitor, Visitor]


@asynccontextmanager
async def meeting(couple: Couple) -> AsyncIterator[None]:
    """Both have the chat with the other open; at the end none of their pages may have complained."""
    ada, grace = couple
    async with AsyncExitStack() as stack:
        chatting = (in_chat(ada, grace), in_chat(grace, ada))
        await asyncio.gather(*map(stack.enter_async_context, chatting))
        yield


@asynccontextmanager
async def in_chat(visitor: Visitor, other: Visitor) -> AsyncIterator[None]:
    """The visitor has the chat with the other open; at the end the page may not have complained."""
    await visitor.begin_anew()
    await _has_read_all(visitor, other)
    await visitor.chat_with(other)
    yield
    visitor.check_complaints()
    await visitor.leave()


async def _has_read_all(visitor: Visitor, other: Visitor) -> None:
    """So that the chat opens at its end, whatever was left unread there."""
    assert visitor.person is not None
    for chat in (await visitor.person.ask("GET", "/api/saved-chats")).json():
        if chat["chat_username"] == other.name and chat["last_seq"]:
            await visitor.person.ask("PUT", f"/api/messages/{other.name}/read", json={"seq": chat["last_seq"]})


class Visitors:
    """Everybody who takes part in a test."""

    def __init__(self, site: Parley, browser: Browser, stack: AsyncExitStack) -> None:
        self.site = site
        self._browser = browser
        self._stack = stack
        self._all: list[Visitor] = []

    async def stranger(self, name: str = "", **options: Any) -> Visitor:
        """Somebody with an empty browser."""
        made = await self._browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        context = await self._stack.enter_async_context(made)
        context.set_default_timeout(WAIT_MS_MAX)
        visitor = Visitor(self.site, context, await context.new_page(), name)
        self._all.append(visitor)
        return visitor

    async def person(self, stem: str, **options: Any) -> Visitor:
        """Somebody new, signed in."""
        return await self.device_of(await self.site.person(stem), **options)

    async def people(self, *stems: str, **options: Any) -> list[Visitor]:
        return list(await asyncio.gather(*(self.person(stem, **options) for stem in stems)))

    async def window(self, owner: Visitor, **options: Any) -> Visitor:
        """One more browser of the same person, in the same session."""
        assert owner.person is not None
        return await self.device_of(owner.person, **options)

    async def device(self, owner: Visitor, **options: Any) -> Visitor:
        """One more browser of the same person, with a session of its own."""
        return await self.device_of(await self.site.sign_in(owner.name, PASSWORD), **options)

    async def device_of(self, person: Person, **options: Any) -> Visitor:
        visitor = await self.stranger(person.name, **options)
        visitor.person = person
        cookie = {"name": "access_token", "value": person.token, "url": self.site.system.url, "httpOnly": True}
        await visitor.context.add_cookies([cookie])  # type: ignore[list-item]
        return visitor

    def check_complaints(self) -> None:
        for visitor in self._all:
            visitor.check_complaints()
