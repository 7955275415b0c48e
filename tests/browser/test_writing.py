"""The composer: formats, names that complete themselves, what is pasted, counted, and broken into lines."""

import re

from playwright.async_api import expect

from tests.browser.visitors import PHONE, Couple, Visitor, Visitors

PASTE = """
(area, {text, names}) => {
  const transfer = new DataTransfer();
  transfer.setData("text/plain", text);
  names.forEach((name) => transfer.items.add(new File(["x"], name, {type: "image/png"})));
  const event = new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true});
  return area.dispatchEvent(event);
}
"""


async def test_keys_and_the_bar_format_what_is_marked_and_can_be_undone(couple: Couple) -> None:
    ada, grace = couple
    keyboard = ada.page.keyboard
    await ada.area.fill("loud")
    await ada.area.press("Control+a")
    await ada.area.press("Control+b")
    await expect(ada.area).to_have_value("**loud**")
    await ada.area.press("Control+z")
    await expect(ada.area).to_have_value("loud")
    await ada.area.press("Control+a")
    bar = ada.page.get_by_role("toolbar", name="Formatting")
    await bar.get_by_role("button", name="Spoiler").click()
    await expect(ada.area).to_have_value("||loud||")
    await expect(ada.area).to_be_focused()
    await bar.get_by_role("button", name="Bold").focus()
    await keyboard.press("ArrowRight")
    await expect(bar.get_by_role("button", name="Italic")).to_be_focused()
    await keyboard.press("Enter")
    await expect(ada.area).to_have_value("||*loud*||")
    await ada.area.fill("")
    # Enter sends but in a block of code, which a fence opens; with Shift, a list goes on.
    await keyboard.type("```py\nx = 1\n  y")
    await expect(ada.area).to_have_value("```py\nx = 1\n  y\n```")
    await ada.area.fill("")
    await keyboard.type("1. tea")
    await keyboard.press("Shift+Enter")
    await keyboard.type("cake\n")
    await expect(grace.articles.last.locator("ol > li")).to_have_text(["tea", "cake"])


async def test_names_are_completed_by_keyboard_and_told_to_screen_readers(couple: Couple) -> None:
    ada, grace = couple
    keyboard = ada.page.keyboard
    await ada.area.focus()
    await keyboard.type(f"Ask @{grace.name[:3].upper()}")
    options = ada.page.get_by_role("listbox").get_by_role("option")
    await expect(options.first).to_contain_text(grace.name)
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await expect(ada.area).to_have_attribute("aria-activedescendant", "completion-0")
    await expect(ada.page.locator("#completion-status")).to_contain_text("Suggestions: ")
    await keyboard.press("Tab")
    await expect(ada.area).to_have_value(f"Ask @{grace.name} ")
    await expect(options).to_have_count(0)
    await keyboard.type(":hear")
    await expect(options).to_have_count(8)
    await keyboard.press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await keyboard.press("Home")
    await keyboard.press("End")
    await keyboard.press("Enter")
    await expect(ada.area).to_have_value(f"Ask @{grace.name} ❤️")
    await keyboard.type(" #lob")
    await expect(options).to_have_count(1)
    await keyboard.press("Escape")
    await expect(options).to_have_count(0)
    await keyboard.type("b")
    await expect(options).to_have_count(0)
    await ada.area.fill("")


async def test_text_wins_over_its_picture_and_too_much_is_told_not_cut(ada: Visitor) -> None:
    ada.tolerates = re.compile("status of 415")  # it is no picture
    chosen = ada.page.locator("#chosen > li")
    assert await ada.area.evaluate(PASTE, {"text": "1\t2\n3\t4", "names": ["image.png"]}), "the browser pastes the text"
    assert not await ada.area.evaluate(PASTE, {"text": "file:///home/ada/image.png", "names": ["image.png"]})
    await expect(chosen).to_have_count(1)
    await chosen.get_by_role("button", name="image.png").click()
    count = ada.page.locator("#composer .count")
    await ada.area.fill("👋" * 3_799)
    await expect(count).to_be_hidden()
    await ada.area.fill("👋" * 3_990)
    await expect(count).to_have_text("10")
    await ada.area.fill("👋" * 4_001)
    await expect(count).to_have_text("-1")
    await expect(ada.page.locator("#count-status")).to_have_text("Too long for one message.")
    await expect(ada.area).to_have_attribute("aria-invalid", "true")
    await ada.area.press("Enter")
    await expect(ada.area).to_have_value("👋" * 4_001)
    await ada.area.fill("")


async def test_on_a_phone_enter_breaks_the_line_and_formats_come_with_what_is_marked(
    couple: Couple, visitors: Visitors
) -> None:
    phone = await visitors.window(couple[0], viewport=PHONE, has_touch=True, is_mobile=True)
    await phone.chat_with(couple[1])
    bar = phone.page.locator("#composer .formats")
    await expect(bar).to_be_hidden()
    await phone.area.focus()
    await phone.page.keyboard.type("- one\ntwo")
    await expect(phone.area).to_have_value("- one\n- two")
    assert await phone.area.get_attribute("enterkeyhint") == "enter"
    await phone.area.press("Control+a")
    await expect(bar).to_be_visible()
    await bar.get_by_role("button", name="Quote").tap()
    await expect(phone.area).to_have_value("> - one\n> - two")
    await phone.page.locator('[data-action="send"]').tap()
    await expect(phone.articles.last.locator("blockquote li")).to_have_text(["one", "two"])


async def test_on_a_phone_a_finger_completes_a_name_opens_a_spoiler_and_copies_code(
    couple: Couple, visitors: Visitors
) -> None:
    phone, other = await visitors.window(couple[0], viewport=PHONE, has_touch=True, is_mobile=True), couple[1]
    await phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await phone.chat_with(other)
    await phone.area.tap()
    await phone.page.keyboard.type(f"Ask @{other.name[:3]}")
    await phone.page.get_by_role("listbox").get_by_role("option").first.tap()
    await expect(phone.area).to_have_value(f"Ask @{other.name} ")
    await phone.area.fill(f"Ask @{other.name} ||why||\n\n```\nx = 1\n```")
    await phone.page.locator('[data-action="send"]').tap()
    article = phone.articles.last
    await expect(article.locator(".mention")).to_have_text(f"@{other.name}")
    spoiler = article.locator(".spoiler")
    await expect(spoiler).to_have_attribute("role", "button")
    await spoiler.tap()
    await expect(spoiler).not_to_have_attribute("role", "button")
    await article.get_by_role("button", name="Copy the code").tap()
    await expect(article.get_by_role("button", name="Copied")).to_be_visible()
    assert (await phone.page.evaluate("navigator.clipboard.readText()")).strip() == "x = 1"
