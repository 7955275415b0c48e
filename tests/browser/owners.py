"""Owners at browsers: from an empty folder to the pages that only they see."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser

from tests.browser.visitors import Visitor, Visitors
from tests.system.parleys import Parley, parley
from tests.system.people import PASSWORD


async def admin(site: Parley, *arguments: str) -> str:
    """What the command on the machine says."""
    environment = {**os.environ, "PARLEY_DATA_DIR": str(site.system.data_dir), "PARLEY_PUBLIC_URL": site.system.url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "auth_service", "admin", *arguments, env=environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode().strip()


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
