"""People of an instance that was empty until now, each at a browser, and what they read and hear."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from tests.system.admin_command import admin
from tests.system.parleys import Parley
from tests.system.people import PASSWORD, Device, Event, Person
from tests.system.plain_browsers import PlainBrowser, Shown, plain_browser

HEARD_S_MAX = 1.0


class Citizen:
    """Somebody at a browser, and what they would do with the API."""

    def __init__(self, browser: PlainBrowser, person: Person) -> None:
        self.browser = browser
        self.person = person
        self.name = person.name

    async def go(self, path: str) -> Shown:
        return await self.browser.go(path)

    async def send(self, form: str, **values: str) -> Shown:
        return await self.browser.send(form, values)

    async def say(self, text: str, place: str = "/rooms/lobby") -> Shown:
        await self.go(place)
        return await self.send("#composer", message=text)


class Town:
    """The Parley, whoever is in it, and Ada, who owns it; of two who claimed it at once she was the quicker."""

    def __init__(self, site: Parley, stack: AsyncExitStack) -> None:
        self.site = site
        self.stack = stack
        self.claims: list[Shown] = []
        self.owner: Citizen

    async def browser(self) -> PlainBrowser:
        return await self.stack.enter_async_context(plain_browser(self.site.system.url))

    async def citizen(self, browser: PlainBrowser, name: str) -> Citizen:
        return Citizen(browser, await self.site.sign_in(name))

    async def newcomers(self, *stems: str) -> list[Citizen]:
        browsers = [await self.browser() for _ in stems]
        people = await self.site.people(*stems)
        for browser, person in zip(browsers, people, strict=True):
            browser.http.cookies.set("access_token", person.token, domain=urlsplit(self.site.system.url).hostname or "")
            await browser.go("/rooms/lobby")
            await browser.send('form[action="/rooms/lobby/join"]')
        return [Citizen(browser, person) for browser, person in zip(browsers, people, strict=True)]

    async def claim_twice(self) -> None:
        path = urlsplit(await admin(self.site, "claim-link")).path
        rivals = {name: await self.browser() for name in ("ada", "charles")}
        await asyncio.gather(*(browser.go(path) for browser in rivals.values()))
        form = f'form[action="{path}"]'
        self.claims = await asyncio.gather(*(both_fields(browser, form, name) for name, browser in rivals.items()))
        won = [name for name, page in zip(rivals, self.claims, strict=True) if page.url.path == "/admin/welcome"]
        self.owner = await self.citizen(rivals[won[0]], won[0])


async def both_fields(browser: PlainBrowser, form: str, username: str) -> Shown:
    return await browser.send(form, {"username": username, "password": PASSWORD})


async def hear(device: Device, kind: str) -> Event:
    """The next event of that type, which comes within a second."""
    async with asyncio.timeout(HEARD_S_MAX):
        return await device.next(kind)


def words(page: Shown) -> list[str]:
    """What the messages of the page say."""
    return page.texts("#log article .text")


def message_of(page: Shown, text: str) -> str:
    """Its id."""
    (found,) = [one for one in page.all("#log article") if one.select_one(".text").get_text() == text]  # type: ignore[union-attr]
    return str(found["data-id"])
