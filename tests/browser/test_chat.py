"""Two people who talk, each at their own browser."""

import asyncio
import re
from itertools import count

from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitor, Visitors
from tests.system.people import PASSWORD

_numbers = count(1)


async def sign_up(visitor: Visitor, name: str) -> None:
    """Through the pages, to the room where everybody is."""
    page = visitor.page
    visitor.name = name
    await visitor.open("/")
    await page.get_by_role("link", name="Make an account").click()
    await page.locator('[name="username"]').fill(name)
    await page.locator('[name="email"]').fill(f"{name}@example.org")
    await page.locator('[name="password"]').fill(PASSWORD)
    await page.locator("main form button").first.click()
    await page.wait_for_url(re.compile("/rooms/lobby$"))


async def talking(visitors: Visitors) -> Couple:
    """Two who never spoke before, each with the chat with the other open."""
    ada, grace = await visitors.people("ada", "grace")
    await asyncio.gather(ada.chat_with(grace), grace.chat_with(ada))
    return ada, grace


async def test_two_people_sign_up_find_each_other_and_talk(visitors: Visitors) -> None:
    ada, grace = await visitors.stranger(), await visitors.stranger()
    number = next(_numbers)
    await sign_up(ada, f"ada-by-page-{number}")
    await sign_up(grace, f"grace-by-page-{number}")
    await ada.page.get_by_role("searchbox").first.fill("grace-by-page")
    await ada.page.get_by_role("searchbox").first.press("Enter")
    await ada.page.locator("main").get_by_role("link", name=re.compile(grace.name)).first.click()
    await ada.live()
    await ada.write("Good morning, Grace")
    await grace.page.locator(f'#conversations [data-conversation="@{ada.name}"] a').click()
    await grace.sees("Good morning, Grace")
    await grace.write("Good morning, Ada")
    await ada.sees("Good morning, Ada")


async def test_messages_appear_at_once_each_once_and_in_order(visitors: Visitors) -> None:
    ada, grace = await talking(visitors)
    said = [f"{who.name} says {number}" for number in range(5) for who in (ada, grace)]
    for number in range(5):
        for who, other in ((ada, grace), (grace, ada)):
            await who.write(f"{who.name} says {number}")
            await other.sees(f"{who.name} says {number}")
    for visitor in (ada, grace):
        assert await visitor.texts() == said
        await visitor.page.reload()
        assert await visitor.texts() == said


async def test_many_messages_in_a_row_keep_their_order(visitors: Visitors) -> None:
    ada, grace = await talking(visitors)
    said = [f"line {number}" for number in range(30)]
    for text in said:
        await ada.write(text)
    await expect(grace.articles).to_have_count(30)
    await expect(ada.page.locator('#log > article[data-state="sending"]')).to_have_count(0)
    assert await ada.texts() == await grace.texts() == said


async def test_a_message_is_sent_then_delivered_then_read(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    await ada.write("Are you there?")
    await ada.sees_state("Are you there?", "sent")
    await grace.open("/")
    await grace.live()
    await ada.write("Now you are")
    await ada.sees_state("Now you are", "delivered")
    await grace.chat_with(ada)
    await ada.sees_state("Are you there?", "read")
    await ada.sees_state("Now you are", "read")
    await ada.page.reload()
    await ada.sees_state("Now you are", "read")
    await grace.write("Seen")
    await grace.sees_state("Seen", "read")


async def test_shift_and_enter_breaks_the_line(couple: Couple) -> None:
    ada, grace = couple
    await ada.area.press_sequentially("one")
    await ada.area.press("Shift+Enter")
    await ada.area.press_sequentially("two")
    await expect(ada.area).to_have_value("one\ntwo")
    await ada.area.press("Enter")
    await grace.sees("one\ntwo")


async def test_enter_that_ends_a_composition_sends_nothing(ada: Visitor) -> None:
    await ada.area.fill("すし")
    await ada.area.evaluate(
        "area => area.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, cancelable: true}))"
    )
    await expect(ada.area).to_have_value("すし")
    await expect(ada.article("すし")).to_have_count(0)
    await ada.area.fill("")  # nor is it kept as a draft


async def test_what_is_edited_changes_before_both(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Helo")
    await ada.has_sent("Helo")
    await ada.area.press("ArrowUp")
    await expect(ada.area).to_have_value("Helo")
    await ada.write("Hello")
    for visitor in (ada, grace):
        await visitor.sees("Hello")
        await expect(visitor.article("Hello")).to_have_attribute("data-edited", "")
        await expect(visitor.article("Helo")).to_have_count(0)
        await visitor.page.reload()
        await expect(visitor.article("Hello")).to_have_attribute("data-edited", "")
    await expect(ada.area).to_have_value("")


async def test_escape_leaves_an_edit_and_gives_the_draft_back(ada: Visitor) -> None:
    await ada.write("First")
    await ada.has_sent("First")
    await ada.area.fill("half a thought")
    await ada.use("First", "edit")
    await expect(ada.area).to_have_value("First")
    await ada.area.press("Escape")
    await expect(ada.area).to_have_value("half a thought")
    await expect(ada.page.locator("#reply-to")).to_be_hidden()


async def test_a_reaction_is_counted_and_taken_back(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Cake?")
    await grace.use("Cake?", "react")
    await grace.page.locator('.emoji-picker [value="🎉"]').first.click()
    for visitor, pressed in ((ada, "false"), (grace, "true")):
        reaction = visitor.article("Cake?").locator('[data-emoji="🎉"]')
        await expect(reaction).to_have_attribute("aria-pressed", pressed)
        await expect(reaction).to_contain_text("1")
    await ada.article("Cake?").locator('[data-emoji="🎉"]').click()
    await expect(grace.article("Cake?").locator('[data-emoji="🎉"]')).to_contain_text("2")
    await grace.page.reload()
    await grace.live()
    await expect(grace.article("Cake?").locator('[data-emoji="🎉"]')).to_contain_text("2")
    await grace.article("Cake?").locator('[data-emoji="🎉"]').click()
    await expect(ada.article("Cake?").locator('[data-emoji="🎉"]')).to_contain_text("1")
    await ada.article("Cake?").locator('[data-emoji="🎉"]').click()
    await expect(grace.article("Cake?").locator("[data-emoji]")).to_have_count(0)


async def test_a_reply_shows_what_it_answers(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Tea or coffee?")
    await grace.use("Tea or coffee?", "reply")
    await expect(grace.page.locator("#reply-to")).to_contain_text("Tea or coffee?")
    await expect(grace.area).to_be_focused()
    await grace.write("Tea")
    for visitor in (ada, grace):
        await expect(visitor.article("Tea").locator(".reply")).to_contain_text("Tea or coffee?")
        await visitor.page.reload()
        await expect(visitor.article("Tea").locator(".reply")).to_contain_text("Tea or coffee?")
    await expect(grace.page.locator("#reply-to")).to_be_hidden()


async def test_a_deleted_message_says_nothing_any_more(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Oh no")
    await grace.sees("Oh no")
    place = f"#{await grace.article('Oh no').get_attribute('id')}"
    await ada.use("Oh no", "delete")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for visitor in (ada, grace):
        await expect(visitor.page.locator(place)).to_have_attribute("data-deleted", "")
        await expect(visitor.article("Oh no")).to_have_count(0)
        await visitor.page.reload()
        await expect(visitor.page.locator(place)).to_have_attribute("data-deleted", "")


async def test_only_ones_own_messages_can_be_edited_and_deleted(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Mine")
    await grace.sees("Mine")
    for visitor, offered in ((ada, 1), (grace, 0)):
        await visitor.use("Mine", "more")
        for action in ("edit", "delete"):
            await expect(visitor.page.locator(f'[role="menu"] [data-action="{action}"]')).to_have_count(offered)


async def test_who_writes_and_who_is_here_is_shown(visitors: Visitors) -> None:
    ada, grace = await talking(visitors)
    await ada.write("A first word saves the chat for both")
    await grace.sees("A first word saves the chat for both")
    await ada.page.reload()
    await expect(ada.page.locator("main .presence").first).to_have_attribute("data-online", "true")
    row = ada.page.locator(f'#conversations [data-conversation="@{grace.name}"]')
    await expect(row.locator(".is-online")).to_have_text("online")  # for who hears the list
    await grace.area.press_sequentially("Well")
    await expect(ada.page.locator("#typing")).to_contain_text(grace.name)
    await grace.area.press("Enter")
    await ada.sees("Well")
    await expect(ada.page.locator("#typing")).to_have_text("")
    await grace.context.close()
    await expect(ada.page.locator("main .presence").first).to_have_attribute("data-online", "false")
    await expect(row.locator(".is-online")).to_have_text("offline")


async def test_unread_messages_are_counted_in_the_list_and_the_title(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await grace.open("/")
    await grace.live()
    title = await grace.page.title()
    await ada.chat_with(grace)
    for text in ("One", "Two", "Three"):
        await ada.write(text)
    item = grace.page.locator(f'#conversations [data-conversation="@{ada.name}"]')
    await expect(item).to_have_attribute("data-unread", "3")
    await expect(item.locator(".last")).to_contain_text("Three")
    await expect(grace.page).to_have_title(f"(3) {title}")
    other = await visitors.window(grace)
    await other.chat_with(ada)
    await expect(item).to_have_attribute("data-unread", "0")
    await expect(grace.page).to_have_title(title)


async def test_a_conversation_that_speaks_comes_to_the_top(visitors: Visitors) -> None:
    ada, grace, linus = await visitors.people("ada", "grace", "linus")
    for other in (grace, linus):
        await ada.chat_with(other)
        await ada.write("Hi")
        await ada.sees_state("Hi", "sent")
    items = ada.page.locator('#conversations [data-conversation^="@"]')
    await expect(items.first).to_have_attribute("data-conversation", f"@{linus.name}")
    await grace.chat_with(ada)
    await grace.write("Me first")
    await expect(items.first).to_have_attribute("data-conversation", f"@{grace.name}")
    await expect(items.first.locator(".last")).to_contain_text("Me first")


async def test_what_people_write_is_text_and_only_http_links_live(couple: Couple) -> None:
    ada, grace = couple
    hostile = "<img src=x onerror=alert(1)> javascript:alert(1) see https://example.org/a?b=1&c=2."
    await ada.write(hostile)
    for _ in range(2):  # as the script shows it, and as the server does
        link = grace.article(hostile).locator(".text a")
        await expect(link).to_have_count(1)
        await expect(link).to_have_attribute("href", "https://example.org/a?b=1&c=2")
        await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        assert await grace.article(hostile).locator(".text img").count() == 0
        await grace.page.reload()


async def test_people_in_a_room_talk(couple: Couple) -> None:
    ada, grace = couple
    for visitor in (ada, grace):
        answer = await visitor.context.request.put(
            f"{visitor.site.system.url}/api/rooms/lobby/members/{visitor.name}",
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status == 200
        await visitor.open("/rooms/lobby")
        await visitor.live()
    text = f"Hello from {ada.name}"
    await ada.write(text)
    await grace.sees(text)
    await expect(grace.article(text).locator(".sender")).to_have_text(ada.name)
    await ada.sees_state(text, "sent")
