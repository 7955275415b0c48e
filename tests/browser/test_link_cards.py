"""Link cards: they come below a message while one looks at it, and go when its author says so."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.test_accessibility import faults
from tests.browser.test_pictures import picture
from tests.browser.visitors import Couple, Visitor, Visitors
from tests.foreign_hosts import Web, serving

PAGE = (
    b"<title>no</title><meta property=og:title content='Today &lt;b&gt;'><meta property=og:description content=News>"
    b"<meta property=og:site_name content='The News'><meta property=og:image content=/a.png></head>"
)


def ok(data: bytes, content_type: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


@pytest.fixture
async def web(foreign_port: int) -> AsyncIterator[Web]:
    async with serving(port=foreign_port) as started:
        started.answers = {"/a.png": ok(picture(3), "image/png")}
        yield started


def link(web: Web, path: str) -> str:
    """To a page that nobody has asked for yet."""
    web.answers[path] = ok(PAGE, "text/html")
    return web.at(path)


async def sees_card(visitor: Visitor, text: str) -> None:
    card = visitor.article(text).locator(".link-card")
    await expect(card).to_have_attribute("href", text)
    await expect(card.locator("span")).to_have_text(["The News · 127.0.0.1", "Today <b>", "News"])
    await expect(card.locator("img")).to_be_visible()
    assert await card.locator("img").evaluate("async (image) => (await image.decode(), image.naturalWidth)") > 0


async def test_a_card_comes_and_goes_before_everybodys_eyes(couple: Couple, web: Web) -> None:
    ada, grace = couple
    text = link(web, "/live")
    await ada.write(text)
    await sees_card(ada, text)
    await sees_card(grace, text)
    await expect(grace.article(text).locator(".link-cards form")).to_have_count(0)
    assert await faults(grace) == []
    await grace.page.reload()
    await sees_card(grace, text)
    await grace.live()

    await ada.article(text).locator(".link-card").hover()
    await ada.article(text).get_by_role("button", name="Remove the link preview").click()
    for visitor in couple:
        await expect(visitor.article(text).locator(".link-card")).to_have_count(0)
    await ada.page.reload()
    await expect(ada.article(text).locator(".link-card")).to_have_count(0)


async def test_an_edit_takes_the_card_of_a_link_that_is_gone(couple: Couple, web: Web) -> None:
    ada, _ = couple
    text = link(web, "/edited")
    await ada.write(text)
    await sees_card(ada, text)
    await ada.use(text, "edit")
    await ada.write(f"No link to {web.port} any more")
    for visitor in couple:
        await expect(visitor.article(f"No link to {web.port} any more").locator(".link-cards")).to_be_hidden()


async def test_cards_are_seen_and_removed_without_scripts(couple: Couple, visitors: Visitors, web: Web) -> None:
    ada, grace = await visitors.window(couple[0], java_script_enabled=False), couple[1]
    text = link(web, "/plain")
    await couple[0].write(text)
    await sees_card(grace, text)
    await ada.open(f"/chat/{grace.name}")
    await expect(ada.article(text).locator(".link-card .title")).to_have_text("Today <b>")
    await ada.article(text).get_by_role("button", name="Remove the link preview").click()
    await expect(ada.article(text).locator(".link-card")).to_have_count(0)
    await expect(grace.article(text).locator(".link-card")).to_have_count(0)
