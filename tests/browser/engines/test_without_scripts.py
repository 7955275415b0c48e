"""The main paths with scripts switched off, in each engine that is here."""

from uuid import uuid4

from tests.browser.engines.pages import Driver, EnginePage
from tests.system.parleys import Parley
from tests.system.people import PASSWORD

IS_IN = "return document.body?.dataset.username === name;"
SEND = '#composer [data-action="send"]'


async def test_one_signs_up_joins_writes_changes_and_signs_in_again(scriptless_driver: Driver, site: Parley) -> None:
    page = EnginePage(scriptless_driver, site.system.url, f"ada-{uuid4().hex[:8]}")
    room = f"plain-{page.name}"
    grace = await site.person("grace")
    assert (await grace.ask("POST", "/api/rooms", json={"name": room})).is_success
    await page.open("/sign-up")
    await page.fill_in(username=page.name, email=f"{page.name}@example.org", password=PASSWORD)
    await page.click("form button.primary")
    await page.until(IS_IN, name=page.name)
    await page.until("return !document.documentElement.dataset.scripts && matchMedia('(scripting: none)').matches;")

    await page.open(f"/rooms/{room}")
    await page.click(".join-card button")
    await page.until('return document.querySelector("#message");')  # she is in
    for path in (f"/rooms/{room}", f"/chat/{grace.name}"):
        await page.open(path)
        await page.driver.fill("#message", "Without **scripts**")
        await page.click(SEND)
        await page.sees("Without scripts")

    await page.open("/settings")
    await page.driver.fill('[name="nickname"]', "Ada Plain")
    await page.click("#profile form button.primary")
    await page.until("return document.querySelector('.me-bar .name')?.textContent === 'Ada Plain';")

    await page.click('main a[href="/logout"]')
    await page.until("return location.pathname === '/sign-in';")
    await page.fill_in(username=page.name, password=PASSWORD)
    await page.click("form button.primary")
    await page.until(IS_IN, name=page.name)
