"""Everything by keyboard: no test of this file touches a mouse."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests.browser.test_moderation import as_
from tests.browser.visitors import Couple, Visitor, Visitors

TABS_MAX = 60
PAGE = 50  # of a history


async def tab_to(visitor: Visitor, selector: str, key: str = "Tab") -> None:
    """Go there as a keyboard does, with the focus seen all the way."""
    for _ in range(TABS_MAX):
        if await visitor.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        await visitor.page.keyboard.press(key)
        shown = "document.activeElement === document.body || document.activeElement.checkVisibility()"
        assert await visitor.page.evaluate(shown)
    raise AssertionError(f"{selector} was not reached")


async def tab_to_tool(visitor: Visitor, action: str) -> None:
    """Of the last message."""
    await tab_to(visitor, "#scroller", "Shift+Tab")
    await visitor.page.keyboard.press("End")
    await expect(visitor.articles.last).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    await tab_to(visitor, f'article:last-of-type .tools [data-action="{action}"]')


async def test_the_log_is_one_stop_and_arrows_go_from_message_to_message(couple: Couple) -> None:
    ada, grace = couple
    for number in range(2 * PAGE):
        await as_(ada, "POST", f"/api/messages/{grace.name}", message=f"Long ago {number}")
    await ada.page.reload()
    await ada.live()
    await expect(ada.page.get_by_role("link", name="Earlier messages")).to_have_count(1)
    texts = ["See https://parley.example/ here", "Second of three", "Third of three"]
    for text in texts:
        await grace.write(text)
    await ada.sees(texts[2])
    press = ada.page.keyboard.press
    await ada.area.focus()
    await tab_to(ada, "#scroller", "Shift+Tab")
    await press("Tab")
    stop = await ada.page.evaluate("document.activeElement.closest('#scroller') && document.activeElement.outerHTML")
    assert stop is None, "neither a message is a stop nor the link to earlier ones"
    await press("Shift+Tab")
    await press("End")
    await expect(ada.article(texts[2])).to_be_focused()
    for text in reversed(texts[:2]):
        await press("ArrowUp")
        await expect(ada.article(text)).to_be_focused()
    await expect(ada.article(texts[0])).to_have_accessible_name(re.compile(rf"^{grace.name}, \d\d:\d\d"))
    await tab_to(ada, "article .text a")  # what is in the message that has the focus can be reached
    await expect(ada.article(texts[0]).locator(".text a")).to_be_focused()
    await press("Escape")
    await expect(ada.article(texts[0])).to_be_focused()
    await press("ArrowDown")
    await expect(ada.article(texts[1])).to_be_focused()
    await press("End")
    await expect(ada.article(texts[2])).to_be_focused()
    await press("Home")  # to the first message of all, over everything between
    await expect(ada.articles.first).to_be_focused()
    await expect(ada.page.get_by_role("link", name="Earlier messages")).to_have_count(0)
    await expect(ada.article(texts[2])).to_have_count(0)
    await press("End")
    await expect(ada.article(texts[2])).to_be_focused()
    await press("Home")
    await expect(ada.articles.first).to_be_focused()
    await press("Escape")
    await expect(ada.area).to_be_focused()


async def test_a_conversation_is_opened_and_led_by_keyboard_alone(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await grace.chat_with(ada)
    await grace.page.keyboard.type("First\n")  # the composer has the focus
    await grace.sees_state("First", "sent")
    await ada.open("/")
    await ada.live()
    await tab_to(ada, f'#conversations [data-conversation="@{grace.name}"] a')
    await ada.page.keyboard.press("Enter")
    await ada.sees("First")
    await ada.live()
    await expect(ada.area).to_be_focused()
    await ada.page.keyboard.type("Second\n")
    await grace.sees("Second")
    await expect(ada.area).to_be_focused()


async def test_tools_are_reached_used_and_left_by_keyboard(couple: Couple) -> None:
    ada, grace = couple
    await grace.write("To react to")
    await ada.sees("To react to")
    await tab_to_tool(ada, "react")
    opener = ada.article("To react to").locator('.tools [data-action="react"]')
    await ada.page.keyboard.press("Space")
    picker = ada.page.get_by_role("dialog", name="Choose a reaction")
    found = picker.locator(".grid button")
    await expect(picker.get_by_role("searchbox")).to_be_focused()
    await ada.page.keyboard.press("ArrowDown")
    await expect(found.first).to_be_focused()
    await ada.page.keyboard.press("ArrowRight")
    await expect(found.nth(1)).to_be_focused()
    await ada.page.keyboard.press("ArrowDown")
    await expect(found.nth(10)).to_be_focused()
    await ada.page.keyboard.press("Home")
    await expect(found.first).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(picker).to_have_count(0)
    await expect(opener).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(picker.get_by_role("searchbox")).to_be_focused()
    await ada.page.keyboard.type("thumbs up")
    await expect(found.first).to_have_text("👍")
    await ada.page.keyboard.press("Enter")
    await expect(grace.article("To react to").locator('[data-emoji="👍"]')).to_contain_text("1")
    await expect(opener).to_be_focused()


async def test_a_menu_that_comes_late_takes_no_key_from_who_has_gone_on(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0])
    held: asyncio.Queue[Route] = asyncio.Queue()
    await ada.page.route(re.compile(r"/static/message_menu\.\w+\.js$"), held.put)
    await ada.chat_with(pair[1])
    await ada.write("No menu, please")
    await ada.sees_state("No menu, please", "sent")
    await tab_to(ada, "#scroller", "Shift+Tab")
    await ada.page.keyboard.press("End")
    await expect(ada.articles.last).to_be_focused()
    await ada.page.keyboard.press("Enter")
    script = await held.get()
    await tab_to(ada, "#composer textarea")
    await script.continue_()
    await ada.page.evaluate("name => import(name)", script.request.url)
    await expect(ada.page.get_by_role("menu")).to_have_count(0)
    await expect(ada.area).to_be_focused()


async def test_a_question_can_be_left_and_gives_the_focus_back(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("To keep")
    await ada.sees_state("To keep", "read")
    await tab_to_tool(ada, "more")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("menuitem").first).to_be_focused()
    await ada.page.keyboard.press("ArrowUp")
    await expect(ada.page.get_by_role("menuitem", name="Delete")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("dialog")).to_be_visible()
    more = ada.article("To keep").locator('[data-action="more"]')
    await expect(more).to_be_hidden()  # the message shows its tools no more
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    await expect(more).to_be_focused()
    await grace.sees("To keep")
