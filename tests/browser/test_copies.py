"""Every copy of a message follows it, counts are the server's, and what is refused says why."""

import asyncio
import re

from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitor, Visitors

OTHER_TEXT = "The second word"


async def delete(visitor: Visitor, text: str) -> None:
    await visitor.use(text, "delete")
    await visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()


async def test_quotes_the_list_and_the_composer_follow_edits_and_deletes(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    await ada.write("The first word")
    await grace.use("The first word", "reply")
    await grace.write("An answer")
    quote = ada.article("An answer").locator(".reply")
    await expect(quote).to_contain_text("The first word")
    await ada.write("The last word, ||hidden||")
    home = await visitors.window(grace)
    await home.open("/")
    await home.live()
    last = home.page.locator(f'#conversations [data-conversation="@{ada.name}"] .last')
    await expect(last).to_have_text("The last word, ▒▒▒")
    await grace.use("The first word", "reply")
    await grace.area.fill("Half a thought")

    await ada.use("The last word, hidden", "edit")
    await ada.write("The very last word")
    await expect(last).to_have_text("The very last word")
    await ada.use("The first word", "edit")
    await ada.write(OTHER_TEXT)
    for visitor in couple:
        await expect(visitor.article("An answer").locator(".reply")).to_contain_text(OTHER_TEXT)
    await expect(grace.page.locator("#reply-to .quote")).to_contain_text(OTHER_TEXT)

    await delete(ada, "The very last word")
    await expect(last).to_have_text("You: An answer")
    await delete(ada, OTHER_TEXT)
    for visitor in couple:
        await expect(visitor.article("An answer").locator(".reply")).to_contain_text("This message was deleted.")
    await expect(grace.page.locator("#reply-to")).to_be_hidden()
    await expect(grace.page.locator("#composer-error")).to_contain_text("has been deleted")
    await expect(grace.area).to_have_value("Half a thought")


async def test_counts_are_the_servers_whatever_came_last(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    home, other = await asyncio.gather(visitors.window(grace), visitors.device(grace))
    await asyncio.gather(ada.chat_with(grace), home.open("/"))
    await home.live()
    title = await home.page.title()
    for text in ("One", "Two", "Three"):
        await ada.write(text)
        await ada.sees(text)
    item = home.page.locator(f'#conversations [data-conversation="@{ada.name}"]')
    await expect(item).to_have_attribute("data-unread", "3")
    await delete(ada, "Two")
    await expect(item).to_have_attribute("data-unread", "2")
    await home.page.reload()
    await expect(home.page).to_have_title(f"(2) {title}")
    await home.live()
    await ada.use("One", "react")  # the last event of the conversation is none that is read
    await ada.page.locator(".emoji-picker .grid button").first.click()
    await expect(ada.article("One").locator("[data-emoji]")).to_have_count(1)
    await other.chat_with(ada)
    await expect(item).to_have_attribute("data-unread", "0")
    await expect(home.page).to_have_title(title)


async def test_a_refused_change_says_why_and_keeps_the_text(couple: Couple, visitors: Visitors) -> None:
    ada, _ = couple
    ada.tolerates = re.compile("status of 4")
    error = ada.page.locator("#composer-error")
    await ada.write("To be changed")
    await ada.sees_state("To be changed", "read")
    await ada.use("To be changed", "edit")
    await ada.write("   ")
    await expect(error).to_contain_text("Write something first")
    await expect(ada.area).to_have_value("   ")
    await ada.area.fill("A new text")
    other = await visitors.device(ada)
    await other.chat_with(couple[1])
    await ada.context.set_offline(True)
    ada.tolerates = re.compile("status of 4|ERR_INTERNET_DISCONNECTED|WebSocket")
    await ada.area.press("Enter")
    await expect(error).to_contain_text("You are offline")
    await expect(ada.area).to_have_value("A new text")
    await ada.context.set_offline(False)
    await delete(other, "To be changed")
    await expect(error).to_contain_text("What you wrote is still here")
    await expect(ada.area).to_have_value("A new text")
    await ada.area.fill("")
