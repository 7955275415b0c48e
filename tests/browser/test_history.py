"""What was said long ago, and where the reader is meanwhile."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitors, meeting

LINES = [f"line {number}" for number in range(160)]
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
    """Two who have said much to each other."""
    ada, grace = await company.people("ada", "grace")
    async with (await company.site.sign_in(grace.name)).device() as device:
        for text in LINES:
            await device.send(to=ada.name, message=text)
        for _ in LINES:
            await device.next("sent")
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
    await expect(ada.articles).to_have_count(100)
    assert abs(await mark.evaluate(TOP_OF) - before) < 1
    while await ada.page.locator('a[rel="prev"]').count():
        count = await ada.articles.count()
        await scroller.evaluate(TO_THE_TOP)
        await expect(ada.articles).not_to_have_count(count)
    assert (await ada.texts())[: len(LINES)] == LINES


async def test_who_reads_above_is_not_moved_and_is_told_of_news(long_talk: Couple) -> None:
    ada, grace = long_talk
    await ada.page.locator("#scroller").evaluate("element => element.scrollTo(0, -300)")
    mark = ada.page.locator(f"#{await ada.articles.nth(30).get_attribute('id')}")
    before = await mark.evaluate(TOP_OF)
    await grace.write("News!")
    await ada.sees("News!")
    newer = ada.page.get_by_role("button", name="New messages")
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
    await expect(ada.article("To the first")).to_have_count(1)
