"""Emoji are found by name, in the reader's language, for what one writes and for reactions."""

from playwright.async_api import Locator, expect

from tests.browser.visitors import PHONE, Couple, Visitor, Visitors


def picker(visitor: Visitor) -> Locator:
    return visitor.page.locator(".emoji-picker")


async def test_an_emoji_goes_in_where_one_writes_and_is_at_hand_the_next_time(ada: Visitor) -> None:
    await ada.area.fill("Tea  cake")
    await ada.area.evaluate("(area) => area.setSelectionRange(4, 4)")
    button = ada.page.locator('#composer [data-action="emoji"]')
    await button.click()
    grid = picker(ada).locator(".grid").first
    columns = "(grid) => getComputedStyle(grid).gridTemplateColumns.split(' ').length"
    assert await grid.evaluate(columns) == 9
    assert await picker(ada).evaluate("(one) => one.offsetWidth") == 352
    await expect(picker(ada).get_by_role("searchbox")).to_be_focused()
    await ada.page.keyboard.type("teacup")
    await expect(picker(ada).get_by_role("status")).to_have_text("1 found")
    await ada.page.keyboard.press("Enter")
    await expect(ada.area).to_have_value("Tea 🍵 cake")
    await expect(ada.area).to_be_focused()
    await ada.page.keyboard.type("!")
    await expect(ada.area).to_have_value("Tea 🍵! cake")
    await button.click()
    await expect(picker(ada).get_by_role("heading").first).to_have_text("Recent")
    await expect(picker(ada).locator(".grid button").first).to_have_text("🍵")
    await button.click()
    await expect(picker(ada)).to_have_count(0)
    await ada.area.fill("")


async def test_names_are_those_of_the_page_for_the_picker_and_in_a_text(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    german = await visitors.window(ada, locale="de-DE")
    await german.chat_with(grace)
    await german.page.locator('#composer [data-action="emoji"]').click()
    await expect(picker(german).get_by_role("searchbox")).to_be_focused()
    await german.page.keyboard.type("rotes h")
    await expect(picker(german).locator(".grid button").first).to_have_attribute("title", "rotes Herz")
    await german.page.keyboard.press("Escape")
    await german.area.press_sequentially(":konfettibo")
    await expect(german.page.locator("#completions [role=option]").first).to_contain_text("🎉")


async def test_on_a_phone_the_picker_is_a_sheet(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    phone = await visitors.window(ada, viewport=PHONE, has_touch=True, is_mobile=True)
    await phone.chat_with(grace)
    await phone.area.fill("")
    await phone.page.locator('#composer [data-action="emoji"]').tap()
    sheet = phone.page.get_by_role("dialog", name="Choose an emoji")
    await expect(sheet).to_be_visible()
    width = await sheet.locator(".grid button").first.evaluate("(one) => one.offsetWidth")
    assert width >= 44
    await sheet.locator('[value="😀"]').last.tap()
    await expect(phone.area).to_have_value("😀")
    assert await phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
