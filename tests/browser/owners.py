"""Owners at browsers: from an empty folder to the pages that only they see."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser

from tests.browser.visitors import Visitor, Visitors
from tests.system.admin_command import admin
from tests.system.parleys import parley
from tests.system.people import PASSWORD


@asynccontextmanager
async def fresh_site(browser: Browser, folder: Path) -> AsyncIterator[Visitors]:
    """A Parley that nobody owns; at the end none of its visitors' pages may have complained."""
    async with parley(folder) as site, AsyncExitStack() as stack:
        visitors = Visitors(site, browser, stack)
        yield visitors
        visitors.check_complaints()


async def claim(visitor: Visitor, name: str) -> None:
    """Sign up by the claim link."""
    link = urlsplit(await admin(visitor.site, "claim-link"))
    await visitor.open(link.path)
    await fill_account(visitor, name)
    visitor.name = name


async def fill_account(visitor: Visitor, name: str) -> None:
    await visitor.page.locator('[name="username"]').fill(name)
    await visitor.page.locator('[name="password"]').fill(PASSWORD)
    await visitor.page.locator('[name="password"]').press("Enter")
