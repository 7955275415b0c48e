"""`make screenshots`: every page of a demonstration, on a phone and a desktop, light and dark.

They go to `docs/screenshots/`; .gitignore says which are kept with the code, for README. The browser is the system's
Chromium, or what `PARLEY_CHROMIUM` names.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from demo.content import PASSWORD
from demo.seeding import seed
from launcher.processes import REPOSITORY
from launcher.temporary_system import TemporarySystem

FOLDER = REPOSITORY / "docs/screenshots"
SIZES = {"desktop": (1200, 800), "phone": (390, 780)}
SCHEMES = ("light", "dark")
PAGES = {
    "home": "/",
    "chat": "/chat/grace",
    "room": "/rooms/engines",
    "settings": "/settings",
    "video": "/video",
    "search": "/search?query=moth",
    "not-there": "/chat/nobody",
}
DOOR = {"sign-in": "/sign-in", "sign-up": "/sign-up"}
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


async def main() -> int:
    chromium = os.environ.get("PARLEY_CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if chromium is None:
        print("No Chromium is here. On Debian: apt install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parley-screenshots-") as folder:
        async with TemporarySystem(Path(folder)) as system, async_playwright() as playwright:
            await seed(system.url)
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for size in SIZES:
                for scheme in SCHEMES:
                    await _take_all(browser, system.url, size, scheme)
            await browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures are in {FOLDER.relative_to(REPOSITORY)}")
    return 0


async def _take_all(browser: Browser, url: str, size: str, scheme: str) -> None:
    async with _page(browser, size, scheme) as page:
        for name, path in DOOR.items():
            await _take(page, url + path, f"{name}-{size}-{scheme}")
        await page.goto(f"{url}/sign-in")
        await page.fill('[name="username"]', "ada")
        await page.fill('[name="password"]', PASSWORD)
        await page.click("main button")
        for name, path in PAGES.items():
            await _take(page, url + path, f"{name}-{size}-{scheme}")


@asynccontextmanager
async def _page(browser: Browser, size: str, scheme: str) -> AsyncIterator[Page]:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    yield await context.new_page()
    await context.close()


async def _take(page: Page, url: str, name: str) -> None:
    await page.goto(url)
    await page.wait_for_timeout(400)  # pictures and placeholders
    picture = Image.open(BytesIO(await page.screenshot())).convert("RGB")
    picture.quantize(256).save(FOLDER / f"{name}.png", optimize=True)  # a third of the size, and looks the same


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
