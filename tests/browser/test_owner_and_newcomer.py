"""An owner and a newcomer: from an empty folder to the first message, with scripts and without."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import ELSEWHERE
from tests.browser.owners import claim, fill_account, fresh_site
from tests.browser.visitors import Visitor
from tests.system.admin_command import admin


@pytest.mark.parametrize("scripts", [True, False])
async def test_from_an_empty_folder_to_the_first_message(browser: Browser, tmp_path: Path, *, scripts: bool) -> None:
    async with fresh_site(browser, tmp_path) as visitors:
        owner = await visitors.stranger(java_script_enabled=scripts)
        await claim(owner, "ada")
        await expect(owner.page).to_have_url(re.compile("/admin/welcome$"))
        link = await name_and_copy_link(owner)

        newcomer = await visitors.stranger(java_script_enabled=scripts)
        await newcomer.open(urlsplit(link).path)
        await expect(newcomer.page.locator(".host")).to_have_text(
            re.compile("ada invites you to The Analytical Society")
        )
        await fill_account(newcomer, "grace")
        await expect(newcomer.page).to_have_url(re.compile("/rooms/lobby$"))
        await expect(newcomer.page.get_by_role("status").filter(has_text="Welcome!")).to_be_visible()
        await say(newcomer, "Hello, everybody!")

        await owner.page.get_by_role("link", name="To the lobby").click()
        await owner.sees("Hello, everybody!")
        await say(owner, "Welcome, Grace!")
        await newcomer.open("/rooms/lobby")
        await newcomer.sees("Welcome, Grace!")
        for visitor, count in ((newcomer, 0), (owner, 1)):
            await visitor.page.locator("summary.instance").click()
            await expect(visitor.page.get_by_role("link", name="Run this server")).to_have_count(count)


async def test_links_work_from_another_machine_without_tls(browser: Browser, tmp_path: Path) -> None:
    """There browsers send no `Sec-Fetch-Site`, and what they say of a form's origin depends on the page's referrer."""
    async with fresh_site(browser, tmp_path) as visitors:
        owner = await visitors.stranger(java_script_enabled=False)
        link = urlsplit(await admin(visitors.site, "claim-link"))
        await owner.page.goto(link._replace(netloc=f"{ELSEWHERE}:{link.port}").geturl())
        await owner.page.get_by_role("link", name="Sign in").click()
        await owner.page.go_back()
        await fill_account(owner, "ada")
        await expect(owner.page).to_have_url(re.compile(f"{ELSEWHERE}.*/admin/welcome$"))


async def name_and_copy_link(owner: Visitor) -> str:
    """Name the place, let in who has an invitation, and give the link of the first invitation."""
    await owner.page.locator('[name="name"]').fill("The Analytical Society")
    await owner.page.locator('[name="registration"][value="invitation"]').check()
    await owner.page.get_by_role("button", name="Save").click()
    await expect(owner.page.locator(".instance .name")).to_have_text("The Analytical Society")
    loaded = "element => element.decode().then(() => element.naturalWidth > 0)"
    assert await owner.page.locator("img.qr").evaluate(loaded)
    return await owner.page.get_by_label("Link to send").input_value()


async def say(visitor: Visitor, text: str) -> None:
    await visitor.area.fill(text)
    await visitor.page.locator('#composer [data-action="send"]').click()
    await visitor.sees(text)
