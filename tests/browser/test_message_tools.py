"""What one does with a message: beside it with a mouse, in a sheet with a finger, in its menu by key."""

import re

import pytest
from playwright.async_api import CDPSession, Locator, expect

from tests.browser.test_accessibility import faults
from tests.browser.visitors import PHONE, Couple, Visitor, Visitors

QUICK = ["👍", "❤️", "😂"]


class Finger:
    """One finger on the glass of a phone."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def down(self, x: float, y: float) -> None:
        await self._touch("touchStart", [{"x": x, "y": y}])

    async def move(self, x: float, y: float) -> None:
        await self._touch("touchMove", [{"x": x, "y": y}])

    async def up(self) -> None:
        await self._touch("touchEnd", [])

    async def _touch(self, kind: str, points: list[dict[str, float]]) -> None:
        await self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


@pytest.fixture
async def phone(visitors: Visitors, couple: Couple) -> Visitor:
    """Ada's, with the chat with Grace open."""
    ada, grace = couple
    visitor = await visitors.window(ada, viewport=PHONE, has_touch=True, is_mobile=True)
    await visitor.chat_with(grace)
    return visitor


async def finger_on(visitor: Visitor, place: Locator) -> tuple[Finger, float, float]:
    """And the middle of the place, once that stands still."""
    await place.hover(trial=True)
    box = await place.bounding_box()
    assert box is not None
    finger = Finger(await visitor.context.new_cdp_session(visitor.page))
    return finger, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def press_long(visitor: Visitor, place: Locator) -> Locator:
    """Until the sheet is there."""
    finger, x, y = await finger_on(visitor, place)
    await finger.down(x, y)
    sheet = visitor.page.get_by_role("dialog")
    await expect(sheet).to_be_visible()
    await finger.up()
    return sheet


async def id_of(article: Locator) -> str:
    return await article.get_attribute("data-id") or ""


async def copied(visitor: Visitor) -> str:
    text: str = await visitor.page.evaluate("navigator.clipboard.readText()")
    return text


async def test_a_message_is_reacted_to_and_copied_beside_it(couple: Couple) -> None:
    ada, grace = couple
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await grace.write("To *use*")
    article = ada.article("To use")
    await article.hover()
    quick = article.locator(".tools .quick button")
    await expect(quick).to_have_text(QUICK)
    await expect(article.locator(".tools")).to_have_css("transition-duration", re.compile("0.12s"))
    await quick.first.click()
    reaction = grace.article("To use").locator('.reactions [data-emoji="👍"]')
    await expect(reaction).to_have_accessible_name(f"👍: {ada.name}")
    await quick.first.click()
    await expect(reaction).to_have_count(0)

    await ada.use("To use", "copy-text")
    await expect(ada.page.locator("#announcement")).to_have_text("Copied")
    assert await copied(ada) == "To *use*"
    await ada.page.locator("#announcement").evaluate("(line) => (line.textContent = '')")
    await ada.use("To use", "copy-link")
    await expect(ada.page.locator("#announcement")).to_have_text("Copied")
    assert await copied(ada) == f"{ada.site.system.url}/chat/{grace.name}/m/{await id_of(article)}"


async def test_the_menu_opens_by_its_key_and_the_right_button_stays_the_browsers(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("By its key")
    await grace.sees("By its key")
    more = grace.article("By its key").locator('[data-action="more"]')
    await grace.article("By its key").hover()
    await more.focus()
    await grace.page.keyboard.press("ContextMenu")
    items = grace.page.get_by_role("menuitem")
    await expect(items.first).to_be_focused()
    await expect(items).to_have_text(
        [
            "Reply",
            "Copy the text",
            "Copy a link to it",
            "Pin for everybody",
            "Replies to it",
            "Mark as unread from here",
            "Report to the moderators",
        ]
    )
    await grace.page.keyboard.press("r")
    await expect(items.nth(4)).to_be_focused()
    await grace.page.keyboard.press("Tab")
    await expect(items).to_have_count(0)
    await expect(more).to_be_focused()
    await more.click()
    await expect(items.first).to_be_visible()
    await more.click()
    await expect(items).to_have_count(0)
    await grace.page.evaluate("document.addEventListener('contextmenu', (e) => (window.kept = !e.defaultPrevented))")
    await grace.article("By its key").locator(".text").click(button="right")
    assert await grace.page.evaluate("window.kept") is True


async def test_a_tap_fires_no_tool_and_a_long_press_opens_the_sheet(couple: Couple, phone: Visitor) -> None:
    _, grace = couple
    await phone.area.fill("Short")
    await phone.page.locator('[data-action="send"]').tap()
    await grace.sees("Short")
    article = phone.article("Short")
    box = await article.bounding_box()
    assert box is not None
    await phone.page.touchscreen.tap(box["x"] + box["width"] - 30, box["y"] + 4)
    await expect(article.locator(".tools")).to_be_hidden()
    await expect(phone.page.locator("dialog[open], #reply-to:not([hidden]), .floating")).to_have_count(0)

    sheet = await press_long(phone, article.locator(".text"))
    await expect(sheet.locator(".about")).to_contain_text("Short")
    await expect(sheet.locator(".message-choices button")).to_have_text(
        ["Reply", "Edit", "Copy the text", "Copy a link to it", "Pin for everybody", "Replies to it", "Delete"]
    )
    assert await faults(phone) == []
    await sheet.get_by_role("button", name="🎉").tap()
    await expect(sheet).to_have_count(0)
    await expect(grace.article("Short").locator('[data-emoji="🎉"]')).to_contain_text("1")

    sheet = await press_long(phone, article.locator('[data-emoji="🎉"]'))
    await expect(sheet).to_contain_text(phone.name)
    await phone.page.touchscreen.tap(20, 20)  # beside it
    await expect(sheet).to_have_count(0)
    await press_long(phone, article.locator(".text"))
    await phone.page.get_by_role("button", name="Reply").tap()
    await expect(phone.page.locator("#reply-to")).to_contain_text("Short")


async def test_a_sheet_is_swiped_away_and_a_finger_that_moves_opens_none(couple: Couple, phone: Visitor) -> None:
    _, grace = couple
    await grace.write("To be pressed")
    text = phone.article("To be pressed").locator(".text")
    sheet = await press_long(phone, text)
    finger, x, y = await finger_on(phone, sheet.locator(".grip"))
    await finger.down(x, y)
    for step in range(1, 5):
        await finger.move(x, y + 40 * step)
    await finger.up()
    await expect(sheet).to_have_count(0)

    await phone.page.clock.install()
    finger, x, y = await finger_on(phone, text)
    await finger.down(x, y)
    await finger.move(x, y - 30)
    await phone.page.clock.run_for(2_000)
    await finger.up()
    await expect(sheet).to_have_count(0)


async def test_reactions_keep_their_order_live_as_after_a_reload(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("In order")
    await grace.sees("In order")
    assert ada.person is not None
    assert grace.person is not None
    below = f"{await id_of(ada.article('In order'))}/reactions"
    for person, other, emoji in (
        (ada.person, grace.name, "🎉"),
        (grace.person, ada.name, "👀"),
        (grace.person, ada.name, "🎉"),
        (ada.person, grace.name, "☕"),
    ):
        await person.ask("PUT", f"/api/messages/{other}/{below}/{emoji}")
    buttons = grace.article("In order").locator(".reactions button")
    await expect(buttons).to_have_text(["🎉 2", "👀 1", "☕ 1"])
    await ada.person.ask("DELETE", f"/api/messages/{grace.name}/{below}/🎉")
    await expect(buttons).to_have_text(["👀 1", "🎉 1", "☕ 1"])
    await grace.page.reload()
    await expect(buttons).to_have_text(["👀 1", "🎉 1", "☕ 1"])

    box = await buttons.first.bounding_box()
    assert box is not None
    assert box["height"] == 30
    hit = "([x, y]) => document.elementFromPoint(x, y).closest('button')?.value"
    assert await grace.page.evaluate(hit, [box["x"] + 5, box["y"] - 6]) == "👀"
    assert await grace.page.evaluate(hit, [box["x"] + 5, box["y"] + 36]) == "👀"
    await grace.article("In order").locator(".reactions .add").click()
    await expect(grace.page.get_by_role("dialog", name="Choose a reaction")).to_be_visible()


async def test_what_opens_beside_a_message_can_be_read_aloud(couple: Couple) -> None:
    ada, _ = couple
    await ada.write("Looked at")
    await ada.sees_state("Looked at", "read")
    await ada.use("Looked at", "pin")
    await expect(ada.article("Looked at").locator(".pinned")).to_be_visible()
    await ada.use("Looked at", "more")
    found = await faults(ada)
    await ada.page.keyboard.press("Escape")
    await ada.page.locator('.talk-head [data-icon="pin"]').click()
    await expect(ada.page.locator("#side-view li")).not_to_have_count(0)
    found += await faults(ada)
    assert found == []
