"""What owners and moderators do on their pages, without scripts, and what comes of it."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, expect

from tests.browser.owners import claim, fill_account, fresh_site
from tests.browser.visitors import Visitor, Visitors

WELCOME = re.compile("/admin/welcome$")
SIGN_IN = re.compile("/sign-in")
REFUSED = re.compile("status of 4")


async def owner_of(visitors: Visitors) -> Visitor:
    owner = await visitors.stranger(java_script_enabled=False)
    await claim(owner, "ada")
    await expect(owner.page).to_have_url(WELCOME)
    return owner


async def press(visitor: Visitor, name: str) -> None:
    await visitor.page.get_by_role("button", name=name, exact=True).click()


async def told(visitor: Visitor, text: str) -> None:
    await expect(visitor.page.get_by_role("status").filter(has_text=text)).to_be_visible()


async def test_who_is_banned_is_out_until_the_ban_ends(browser: Browser, tmp_path: Path) -> None:
    async with fresh_site(browser, tmp_path) as visitors:
        owner = await owner_of(visitors)
        linus = await visitors.person("linus", java_script_enabled=False)
        linus.tolerates = REFUSED
        await owner.open("/admin/people?query=linus")
        await owner.page.get_by_role("link", name=linus.name).click()
        await owner.page.locator('[name="reason"]').fill("spam")
        await press(owner, "Ban")
        await told(owner, "Banned.")
        await linus.open("/")
        await expect(linus.page).to_have_url(SIGN_IN)
        await fill_account(linus, linus.name)
        await expect(linus.page.get_by_role("alert")).to_have_text("This account is banned.")
        await press(owner, "End the ban")
        await told(owner, "The ban has ended.")
        await fill_account(linus, linus.name)
        await expect(linus.page.locator("h1")).to_have_text(f"Hello, {linus.name}")
        await owner.page.get_by_role("link", name="Audit log").click()
        await expect(owner.page.locator(".acts")).to_contain_text(f"ada banned {linus.name} spam")


async def test_a_report_waits_until_somebody_says_what_became_of_it(browser: Browser, tmp_path: Path) -> None:
    async with fresh_site(browser, tmp_path) as visitors:
        owner = await owner_of(visitors)
        grace, linus = await visitors.site.people("grace", "linus")
        told_by = {"Authorization": f"Bearer {grace.token}"}
        reported = {"username": linus.name, "reason": "Rude to newcomers"}
        answer = await visitors.site.http.post("/api/reports", json=reported, headers=told_by)
        assert answer.status_code == 201
        await owner.open("/admin")
        await owner.page.get_by_role("link", name="1 report waits").click()
        await expect(owner.page.locator(".reports")).to_contain_text("Rude to newcomers")
        await owner.page.get_by_label("What was done, and why").fill("Told them")
        await press(owner, "Something was done")
        await told(owner, "What became of the report is noted.")
        await expect(owner.page.locator(".reports")).to_contain_text("Told them")
        await expect(owner.page.get_by_text("No report waits.")).to_be_visible()


async def test_who_forgot_the_password_chooses_another_by_a_link(browser: Browser, tmp_path: Path) -> None:
    async with fresh_site(browser, tmp_path) as visitors:
        owner = await owner_of(visitors)
        person = await visitors.site.person("grace")
        grace = await visitors.stranger(java_script_enabled=False)
        grace.tolerates = REFUSED
        await owner.open(f"/admin/people/{person.name}")
        await press(owner, "Make the link")
        link = urlsplit(await owner.page.locator("#link").input_value()).path
        await grace.open(link)
        for field in ("password", "password_again"):
            await grace.page.locator(f'[name="{field}"]').fill("another sentence")
        await press(grace, "Change the password")
        await told(grace, "Your password is changed.")
        await grace.page.locator('[name="username"]').fill(person.name)
        await grace.page.locator('[name="password"]').fill("another sentence")
        await press(grace, "Sign in")
        await expect(grace.page.locator("h1")).to_have_text(f"Hello, {person.name}")
        await grace.open(link)
        await expect(grace.page.locator("h1")).to_have_text("This link has ended")


async def test_moderators_see_what_they_may_and_members_invite_where_they_may(browser: Browser, tmp_path: Path) -> None:
    async with fresh_site(browser, tmp_path) as visitors:
        owner = await owner_of(visitors)
        await owner.page.locator('[name="members_may_invite"]').check()
        await press(owner, "Save")
        await told(owner, "Saved.")
        grace, linus = await visitors.people("grace", "linus", java_script_enabled=False)
        await owner.open(f"/admin/people/{grace.name}")
        await owner.page.locator("#role").select_option("moderator")
        await press(owner, "Change the role")
        await told(owner, "The role is changed.")
        await grace.open("/admin")
        await expect(grace.page.get_by_role("link", name="This server", exact=True)).to_have_count(0)
        await grace.open(f"/admin/people/{linus.name}")
        await expect(grace.page.get_by_role("button", name="Ban", exact=True)).to_be_visible()
        await expect(grace.page.locator("#role")).to_have_count(0)

        await linus.open("/")
        await linus.page.get_by_role("link", name="Invite somebody").click()
        await press(linus, "Make an invitation")
        link = urlsplit(await linus.page.get_by_label("Link to send").input_value()).path
        await grace.open("/admin/invitations")
        await grace.page.get_by_role("button", name=f"End it ({linus.name}").click()
        await told(grace, "The invitation has ended")
        late = await visitors.stranger(java_script_enabled=False)
        late.tolerates = REFUSED
        await late.open(link)
        await expect(late.page.locator("h1")).to_have_text("This invitation has ended")
