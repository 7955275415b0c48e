"""What was said long ago, and where the reader is meanwhile."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Route, expect

from tests.browser.visitors import Couple, Visitor, Visitors, meeting
from tests.waiting import eventually

LINES = [f"line {number}" for number in range(340)]
TOP_OF = "article => article.getBoundingClientRect().top"
SCROLL_UP = """
article => {
  const scroller = document.getElementById("scroller");
  scroller.scrollTo(0, -scroller.scrollHeight + scroller.clientHeight + 60);
  return article.getBoundingClientRect().top;
}
"""
TO_THE_TOP = "element => element.scrollTo(0, -element.scrollHeight)"


@pytest.fixture(scope="session")
async def talkers(company: Visitors) -> Couple:
    """Two of whom one has said much to the other, who has read it."""
    ada, grace = await company.people("ada", "grace")
    async with (await company.site.sign_in(grace.name)).device() as device:
        for text in LINES:
            await device.send(to=ada.name, message=text)
        sent = [await device.next("sent") for _ in LINES]
    assert ada.person is not None
    await ada.person.ask("PUT", f"/api/messages/{grace.name}/read", json={"seq": sent[-1]["seq"]})
    return ada, grace


@pytest.fixture
async def long_talk(talkers: Couple) -> AsyncIterator[Couple]:
    """Both with the chat open at its end."""
    async with meeting(talkers):
        yield talkers


async def test_scrolling_up_brings_older_messages_without_a_jump(long_talk: Couple) -> None:
    ada, _ = long_talk
    scroller = ada.page.locator("#scroller")
    count = await ada.articles.count()
    assert count == 50
    mark = ada.page.locator(f"#{await ada.articles.nth(2).get_attribute('id')}")
    before = await mark.evaluate(SCROLL_UP)
    await expect(ada.articles).to_have_count(75)
    assert abs(await mark.evaluate(TOP_OF) - before) < 1
    while await ada.page.locator('a[rel="prev"]').count():
        before_id = await ada.page.locator("#log").get_attribute("data-before")
        await scroller.evaluate(TO_THE_TOP)
        await expect(ada.page.locator(f'#log[data-before="{before_id}"]')).to_have_count(0)
        assert await ada.articles.count() <= 200
    shown = await ada.texts()
    assert shown == LINES[: len(shown)]  # what is far below is dropped
    await ada.page.locator("#newer").click()
    await expect(ada.article(LINES[-1])).to_be_attached()  # and loaded again


async def test_who_reads_above_is_not_moved_and_is_told_of_news(long_talk: Couple) -> None:
    ada, grace = long_talk
    await ada.page.locator("#scroller").evaluate("element => element.scrollTo(0, -300)")
    mark = ada.page.locator(f"#{await ada.articles.nth(30).get_attribute('id')}")
    before = await mark.evaluate(TOP_OF)
    await grace.write("News!")
    await ada.sees("News!")
    newer = ada.page.get_by_role("button", name="1 new message")
    await expect(newer).to_be_visible()
    assert abs(await mark.evaluate(TOP_OF) - before) < 1
    await grace.sees_state("News!", "delivered")
    await newer.click()
    await expect(ada.article("News!")).to_be_in_viewport()
    await expect(newer).to_be_hidden()
    await grace.sees_state("News!", "read")


async def test_who_is_at_the_end_stays_there(long_talk: Couple) -> None:
    ada, grace = long_talk
    for number in range(3):
        await grace.write(f"new {number}\nwith\nmany\nlines")
    await expect(ada.article("new 2\nwith\nmany\nlines")).to_be_in_viewport(ratio=1)


async def test_an_answer_leads_to_what_it_answers_however_long_ago(long_talk: Couple) -> None:
    ada, grace = long_talk
    first = (await (await ada.site.sign_in(ada.name)).get(f"/api/messages/{grace.name}?after=1&limit=1"))[0]
    async with (await ada.site.sign_in(grace.name)).device() as device:
        await device.write(ada.name, "To the first", reply_to=first["id"])
    await ada.article("To the first").locator(".reply").click()
    await expect(ada.page.locator(f"#message-{first['id']}")).to_be_in_viewport()
    await ada.page.get_by_role("button", name="Newest messages").click()
    await expect(ada.article("To the first")).to_be_in_viewport()


@pytest.fixture
async def behind(visitors: Visitors) -> Couple:
    """Ada has not seen the last 120 of what Grace said."""
    ada, grace = await visitors.people("ada", "grace")
    async with (await ada.site.sign_in(grace.name)).device() as device:
        for number in range(150):
            await device.send(to=ada.name, message=f"line {number}")
        sent = [await device.next("sent") for _ in range(150)]
    assert ada.person is not None
    await ada.person.ask("PUT", f"/api/messages/{grace.name}/read", json={"seq": sent[29]["seq"]})
    return ada, grace


async def unread(ada: Visitor) -> int:
    assert ada.person is not None
    return int((await ada.person.get("/api/saved-chats"))[0]["unread"])


async def test_a_conversation_opens_where_the_unread_begins_and_only_what_was_seen_is_read(behind: Couple) -> None:
    ada, grace = behind
    await ada.chat_with(grace)
    line = ada.page.locator("#unread")
    await expect(line).to_be_in_viewport()
    await expect(ada.page.locator("#unread + article .text")).to_have_text("line 30")
    await expect(ada.page.locator("#log .new")).to_have_count(1)
    button = ada.page.locator("#newer")
    await expect(button).to_have_text(re.compile(r"^(?!120)\d+ new messages$"))
    left = await unread(ada)
    assert 90 < left < 120  # what is in view was seen, and no more
    await expect(button).to_have_text(f"{left} new messages")

    mark = ada.article("line 33")
    before = await mark.evaluate(TOP_OF)
    await grace.chat_with(ada)
    await grace.write("Said meanwhile")
    await expect(button).to_have_text(f"{left + 1} new messages")
    assert abs(await mark.evaluate(TOP_OF) - before) < 1
    assert await ada.article("Said meanwhile").count() == 0  # there is much between

    await button.click()
    await expect(ada.article("Said meanwhile")).to_be_in_viewport()
    await expect(button).to_be_hidden()
    await expect(ada.page.locator("#conversations [aria-current] .unread")).to_be_hidden()
    await grace.sees_state("Said meanwhile", "read")
    assert await unread(ada) == 0


async def test_scrolling_down_brings_later_messages_up_to_the_newest_without_a_jump(behind: Couple) -> None:
    ada, grace = behind
    await ada.chat_with(grace)
    await expect(ada.page.locator("#unread")).to_be_in_viewport()
    while await ada.page.locator("#log[data-after]").count():
        after = await ada.page.locator("#log").get_attribute("data-after")
        last = ada.page.locator(f"#message-{after}")
        await last.evaluate("article => article.scrollIntoView({block: 'end'})")
        before = await last.evaluate(TOP_OF)
        await expect(ada.page.locator(f'#log[data-after="{after}"]')).to_have_count(0)
        assert abs(await last.evaluate(TOP_OF) - before) < 1
    await ada.page.locator("#scroller").evaluate("scroller => scroller.scrollTo(0, 0)")
    await expect(ada.article("line 149")).to_be_in_viewport()
    assert (await ada.texts())[-120:] == [f"line {number}" for number in range(30, 150)]
    await grace.chat_with(ada)
    await grace.write("And live again")
    await expect(ada.article("And live again")).to_be_in_viewport()
    await grace.sees_state("And live again", "read")


async def test_a_message_opens_in_its_place_with_what_came_before_and_after(long_talk: Couple) -> None:
    ada, grace = long_talk
    assert ada.person is not None
    history = await ada.person.history(grace.name)
    middle = next(one["id"] for one in history if one["message"] == "line 80")
    await ada.open(f"/chat/{grace.name}/m/{middle}")
    await ada.live()
    await expect(ada.page.locator("article:target .text")).to_have_text("line 80")
    await expect(ada.page.locator("article:target")).to_be_in_viewport(ratio=1)
    for text in ("line 79", "line 81"):
        await expect(ada.article(text)).to_be_in_viewport()
    await expect(ada.page.locator("#unread, .new")).to_have_count(0)
    await expect(ada.page.get_by_role("button", name="Newest messages")).to_be_visible()


async def test_no_older_message_is_edited_where_the_newest_are_not_shown(long_talk: Couple) -> None:
    ada, grace = long_talk
    assert ada.person is not None
    history = await ada.person.history(grace.name)
    newest = [one["message"] for one in history if one["sender_username"] == grace.name][-1]
    await grace.open(f"/chat/{ada.name}/m/{history[0]['id']}")
    await grace.live()
    await grace.area.press("ArrowUp")
    await expect(grace.area).to_have_value("")
    await grace.page.get_by_role("button", name="Newest messages").click()
    await grace.sees(newest)
    await grace.area.press("ArrowUp")
    await expect(grace.area).to_have_value(newest)
    await grace.area.press("Escape")


@asynccontextmanager
async def newest_held(grace: Visitor, ada: Visitor) -> AsyncIterator[None]:
    """Grace is at the beginning of the chat, and what she asks for of the newest messages comes when this is left."""
    assert ada.person is not None
    first = (await ada.person.history(grace.name))[0]["id"]
    await grace.open(f"/chat/{ada.name}/m/{first}")
    await grace.live()
    path, held = re.compile(rf"/api/messages/{ada.name}\?limit=50$"), asyncio.Queue[Route]()
    await grace.page.route(path, held.put)
    yield
    await (await held.get()).continue_()
    await grace.page.unroute(path)


async def test_what_is_sent_while_the_newest_messages_are_loaded_stands_there_once(long_talk: Couple) -> None:
    ada, grace = long_talk
    async with newest_held(grace, ada):
        await grace.write("Sent from the beginning")
        await ada.sees("Sent from the beginning")
    await grace.has_sent("Sent from the beginning")
    await expect(grace.article("Sent from the beginning")).to_have_count(1)
    await expect(grace.page.locator('#log > article[data-state="sending"]')).to_have_count(0)


async def test_who_goes_on_while_the_newest_messages_are_loaded_is_not_taken_back(long_talk: Couple) -> None:
    ada, grace = long_talk
    async with newest_held(grace, ada):
        await grace.page.locator("#scroller").focus()
        await grace.page.keyboard.press("End")
        await grace.page.keyboard.press("Escape")
        await expect(grace.area).to_be_focused()
    await expect(grace.page.get_by_role("button", name="Newest messages")).to_be_hidden()
    await expect(grace.area).to_be_focused()


async def test_a_part_that_cannot_be_had_is_asked_for_again_by_who_reads_not_by_the_page(long_talk: Couple) -> None:
    ada, grace = long_talk
    await grace.chat_with(ada)
    path, asked = re.compile(rf"/api/messages/{ada.name}\?"), list[Route]()

    async def refuse(route: Route) -> None:
        asked.append(route)
        await route.fulfill(status=503)

    await grace.page.route(path, refuse)
    grace.tolerates = re.compile("503")
    await grace.page.locator("#scroller").evaluate(TO_THE_TOP)
    await eventually(lambda: len(asked) > 0)
    await ada.write("Meanwhile")
    await grace.sees("Meanwhile")
    assert len(asked) < 5
    await grace.page.unroute(path)
    before = await grace.articles.count()
    await grace.page.locator("#scroller").evaluate("element => element.scrollBy(0, 20)")
    await eventually(lambda: has_more(grace, before))


async def has_more(visitor: Visitor, count: int) -> bool:
    return await visitor.articles.count() > count


async def test_without_scripts_what_a_page_shows_is_read(behind: Couple, visitors: Visitors) -> None:
    ada, grace = await visitors.window(behind[0], java_script_enabled=False), behind[1]
    await ada.open(f"/chat/{grace.name}")
    await expect(ada.page.locator("#unread + article .text")).to_have_text("line 30")
    await ada.open("/")
    assert await unread(behind[0]) == 95  # the first 25 of 120 stood there
    await ada.open(f"/chat/{grace.name}")
    await expect(ada.page.locator("#unread + article .text")).to_have_text("line 55")
    await ada.page.get_by_role("link", name="Newest messages").click()
    await ada.sees("line 149")
    await ada.open("/")
    assert await unread(behind[0]) == 0
