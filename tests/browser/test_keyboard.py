"""Everything by keyboard: no test of this file touches a mouse."""

from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitor, Visitors

TABS_MAX = 60


async def tab_to(visitor: Visitor, selector: str, key: str = "Tab") -> None:
    """Go there as a keyboard does, with the focus seen all the way."""
    for _ in range(TABS_MAX):
        if await visitor.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        await visitor.page.keyboard.press(key)
        shown = "document.activeElement === document.body || document.activeElement.checkVisibility()"
        assert await visitor.page.evaluate(shown)
    raise AssertionError(f"{selector} was not reached")


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
    await tab_to(ada, 'article:last-of-type .tools [data-action="react"]', "Shift+Tab")
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


async def test_a_question_can_be_left_and_gives_the_focus_back(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("To keep")
    await ada.sees_state("To keep", "read")
    await tab_to(ada, 'article:last-of-type .tools [data-action="more"]', "Shift+Tab")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("menuitem").first).to_be_focused()
    await ada.page.keyboard.press("ArrowUp")
    await expect(ada.page.get_by_role("menuitem", name="Delete")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("dialog")).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    await expect(ada.article("To keep").locator('[data-action="more"]')).to_be_focused()
    await grace.sees("To keep")
