"""The timeline as it is seen: days, long messages, and what stands where."""

import re
from datetime import datetime

from playwright.async_api import Locator, expect

from tests.browser.visitors import Couple, Visitors


async def height_of(element: Locator) -> float:
    box = await element.bounding_box()
    assert box is not None
    return box["height"]


async def test_headings_follow_midnight_on_an_open_page(couple: Couple, visitors: Visitors) -> None:
    ada, grace = await visitors.window(couple[0]), couple[1]
    await grace.write("Said before midnight")
    await expect(grace.article("Said before midnight")).to_have_attribute("data-id", re.compile(r"^\d+$"))
    now = datetime.now().astimezone()
    await ada.page.clock.install(time=now.replace(hour=23, minute=59, second=0))
    await ada.chat_with(grace)
    heading = ada.page.locator("#log .day:has(time)").last  # another may say where the unread begins
    await expect(heading).to_contain_text("Today")
    await ada.page.clock.fast_forward(120_000)
    await expect(heading).to_contain_text("Yesterday")


async def test_very_many_lines_are_folded_until_somebody_wants_to_see_them(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    assert grace.person is not None
    await grace.person.ask("POST", f"/api/messages/{ada.name}", json={"message": "\n".join("x" * 1_500)})
    article = ada.articles.last
    await expect(article).to_have_attribute("data-long", "")
    await expect(article.get_by_role("button", name="Show all")).to_be_visible()
    assert await height_of(article) < 500
    await article.get_by_role("button", name="Show all").click()
    assert await height_of(article) > 20_000
    await article.get_by_role("button", name="Show less").click()
    assert await height_of(article) < 500
    plain = await visitors.window(ada, java_script_enabled=False)
    await plain.open(f"/chat/{grace.name}")
    assert await height_of(plain.articles.last) < 500


async def test_the_time_of_a_continued_message_stands_beside_its_text(couple: Couple) -> None:
    ada, grace = couple
    for text in ("One of two", "Two of two"):
        await grace.write(text)
    article = ada.article("Two of two")
    await expect(article).to_have_attribute("data-continued", "")
    await article.hover()
    time, words = article.locator(".head time"), article.locator(".text")
    await expect(time).to_be_visible()
    time_box, text_box = await time.bounding_box(), await words.bounding_box()
    assert time_box is not None
    assert text_box is not None
    assert time_box["x"] + time_box["width"] <= text_box["x"]


async def test_only_the_last_word_that_was_read_says_so(couple: Couple) -> None:
    ada, grace = couple
    for text in ("Read first", "Read second"):
        await ada.write(text)
        await ada.sees_state(text, "read")
    await expect(ada.page.locator("#log [data-last-read] .text")).to_have_text("Read second")
    await expect(ada.article("Read second").locator(".state")).to_be_visible()
    await expect(ada.article("Read first").locator(".state")).to_be_hidden()
    await ada.page.reload()
    await expect(ada.page.locator("#log [data-last-read] .text")).to_have_text("Read second")
    await grace.sees("Read second")


async def test_a_long_name_leaves_send_where_it_can_be_pressed(visitors: Visitors) -> None:
    ada = await visitors.person("ada")
    grace = await visitors.person("grace")
    for length in (28, 64):
        assert grace.person is not None
        named = await grace.person.ask("POST", "/api/update-nickname", data={"nickname": "W" * length})
        assert named.status_code == 200
        await ada.chat_with(grace)
        for width in (320, 360, 768):
            await ada.page.set_viewport_size({"width": width, "height": 740})
            await expect(ada.page.locator('#composer [data-action="send"]')).to_be_in_viewport(ratio=1)
            assert await ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_enter_breaks_the_line_where_a_finger_points(couple: Couple, visitors: Visitors) -> None:
    phone = await visitors.window(couple[0], has_touch=True, is_mobile=True)
    await phone.chat_with(couple[1])
    await phone.area.fill("one finger")
    await phone.area.press("Enter")
    await phone.area.press_sequentially("two lines")
    await expect(phone.area).to_have_value("one finger\ntwo lines")
    await phone.page.locator('#composer [data-action="send"]').tap()
    await couple[1].sees("one finger\ntwo lines")


async def test_the_current_room_is_in_view_in_a_long_list(visitors: Visitors) -> None:
    ada = await visitors.person("ada")
    assert ada.person is not None
    for number in range(60):
        made = await ada.person.ask("POST", "/api/rooms", json={"name": f"long-{ada.name}-{number}"})
        assert made.status_code == 201
    await ada.open(f"/rooms/long-{ada.name}-0")
    await ada.live()
    await expect(ada.page.locator("#conversations [aria-current=page]")).to_be_in_viewport(ratio=0.9)


async def test_an_open_page_follows_being_removed_and_coming_back(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    room = f"coming-{ada.name}"
    assert ada.person is not None
    ask = ada.person.ask
    member = f"/api/rooms/{room}/members/{grace.name}"
    await ask("POST", "/api/rooms", json={"name": room, "private": True})
    await ask("PUT", member)
    await grace.open(f"/rooms/{room}")
    await grace.live()
    await grace.area.fill("half a thought")
    await ask("DELETE", member)
    await expect(grace.area).to_be_disabled()
    await ask("POST", f"/api/rooms/{room}/messages", json={"message": "Said without her"})
    await ask("PUT", member)
    await expect(grace.area).to_be_enabled()
    await ask("POST", f"/api/rooms/{room}/messages", json={"message": "Said when she was back"})
    await grace.sees("Said when she was back")
    await expect(grace.area).to_have_value(re.compile("half a thought"))
    await grace.area.press("Enter")
    await grace.sees_state("half a thought", "sent")
