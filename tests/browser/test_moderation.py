"""Moderation as it happens: what is done on one page is seen on the others, and no page is loaded for it."""

import re
from collections.abc import AsyncIterator
from itertools import count
from typing import NamedTuple

import pytest
from playwright.async_api import Locator, expect

from tests.browser.visitors import NOTHING, PHONE, Couple, Visitor, Visitors

REFUSED = re.compile("status of 4")
_numbers = count(1)


class Room(NamedTuple):
    """Its owner Ada, and Grace, who is a member, each with it open."""

    path: str
    ada: Visitor
    grace: Visitor


@pytest.fixture
async def room(pair: Couple) -> AsyncIterator[Room]:
    ada, grace = pair
    name = f"order-{next(_numbers)}"
    await as_(ada, "POST", "/api/rooms", name=name)
    await as_(grace, "PUT", f"/api/rooms/{name}/members/{grace.name}")
    for visitor in pair:
        visitor.complaints.clear()
        visitor.tolerates = NOTHING
        await enter(visitor, f"/rooms/{name}")
    yield Room(f"/rooms/{name}", ada, grace)
    for visitor in pair:
        visitor.check_complaints()
        await visitor.page.goto("about:blank")


async def as_(visitor: Visitor, method: str, path: str, **body: object) -> None:
    """What they do elsewhere."""
    assert visitor.person is not None
    answer = await visitor.person.ask(method, path, **({"json": body} if body else {}))
    assert answer.is_success, answer.text


async def enter(visitor: Visitor, path: str) -> None:
    await visitor.open(path)
    await visitor.live()
    await visitor.page.evaluate("window.stayed = true")


async def has_stayed(*visitors: Visitor) -> bool:
    return all([await visitor.page.evaluate("window.stayed === true") for visitor in visitors])


async def manage(ada: Visitor, username: str, button: str) -> None:
    """Press a button of those that stand below the member, or what asks before."""
    member = ada.page.locator(f'#details [data-username="{username}"]')
    if not await member.locator("details[open]").count():
        await member.locator(".manage > summary").click()
    asking = member.locator(".asks > summary", has_text=button)
    await member.get_by_role("button", name=button, exact=True).or_(asking).click()


def note(visitor: Visitor) -> Locator:
    return visitor.page.locator("#composer-note")


def details(visitor: Visitor) -> Locator:
    return visitor.page.locator("#details")


async def test_who_is_timed_out_sees_until_when_and_keeps_the_words(room: Room) -> None:
    ada, grace = room.ada, room.grace
    await grace.area.fill("Kept words")
    await manage(ada, grace.name, "Time out")
    await expect(details(ada).locator("> .notice")).to_contain_text("Timed out")
    await expect(note(grace)).to_contain_text("A moderator has timed you out.")
    await grace.area.press("Enter")
    await expect(grace.page.locator("#composer-error")).to_contain_text("timed you out")
    await expect(grace.area).to_have_value("Kept words")
    await manage(ada, grace.name, "End the timeout")
    await expect(note(grace)).to_be_hidden()
    await grace.area.press("Enter")
    await ada.sees("Kept words")
    assert await has_stayed(ada, grace)


async def test_slow_mode_is_told_at_once_and_counts_down(room: Room) -> None:
    ada, grace = room.ada, room.grace
    await details(ada).locator("#slow_mode_s").select_option("30")
    await details(ada).get_by_role("button", name="Set").click()
    await expect(note(grace)).to_have_text("Slow mode: one message in 30 seconds")
    await grace.write("First")
    await ada.sees("First")
    await expect(note(grace)).to_have_text(re.compile(r"you can send the next message in \d+ seconds"))
    await grace.write("Second")
    await expect(grace.page.locator("#composer-error")).to_contain_text("Slow mode")
    await expect(grace.area).to_have_value("Second")
    await expect(note(ada)).to_be_hidden()
    await details(ada).locator("#slow_mode_s").select_option("0")
    await details(ada).get_by_role("button", name="Set").click()
    await expect(note(grace)).to_be_hidden()
    await grace.area.press("Enter")
    await ada.sees("Second")


async def test_what_another_device_wrote_too_early_says_so_in_its_place(visitors: Visitors, room: Room) -> None:
    ada, grace = room.ada, room.grace
    await as_(ada, "PATCH", f"/api{room.path}", slow_mode_s=300)
    await grace.write("First")
    await ada.sees("First")
    other = await visitors.window(grace)
    await other.open(room.path)
    await other.live()
    await other.write("Too early")
    await expect(other.page.locator("#log .failure")).to_contain_text("This room is in slow mode.")
    await expect(note(other)).to_contain_text("you can send the next message in")
    await other.sees("Too early")


async def test_a_new_moderator_can_act_at_once_and_who_is_removed_is_out(room: Room, visitors: Visitors) -> None:
    ada, grace = room.ada, room.grace
    linus = await visitors.person("linus")
    await as_(linus, "PUT", f"/api{room.path}/members/{linus.name}")
    await enter(linus, room.path)
    await linus.write("Weeds")
    await grace.sees("Weeds")
    await grace.use("Weeds", "more")
    await expect(grace.page.get_by_role("menuitem", name="Report")).to_be_visible()
    await expect(grace.page.get_by_role("menuitem", name="Delete")).to_have_count(0)
    await grace.page.keyboard.press("Escape")
    await expect(details(ada).locator(f'[data-username="{grace.name}"]')).to_be_visible()
    await manage(ada, grace.name, "Make a moderator of the room")
    await expect(details(linus).locator(f'[data-username="{grace.name}"] .role')).to_have_text("Moderator")
    await expect(details(grace).locator(f'[data-username="{linus.name}"] .manage')).to_have_count(1)  # she knows by now
    await grace.use("Weeds", "delete")
    await grace.page.locator("dialog").get_by_role("button", name="Remove").click()
    await expect(linus.articles.first).to_have_attribute("data-deleted", "")
    await manage(grace, linus.name, "Remove from the room")
    await grace.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(linus.area).to_be_disabled()
    await expect(details(ada).locator(f'[data-username="{linus.name}"]')).to_have_count(0)
    assert await has_stayed(ada, grace, linus)


async def test_what_was_chosen_and_asked_outlives_what_others_do_meanwhile(visitors: Visitors, room: Room) -> None:
    ada, grace = room.ada, room.grace
    linus, margaret = await visitors.person("linus"), await visitors.person("margaret")
    slow_mode = details(ada).locator("#slow_mode_s")
    await slow_mode.select_option("30")
    await as_(linus, "PUT", f"/api{room.path}/members/{linus.name}")
    await expect(details(ada).locator(".members-count")).to_have_text("3")
    await expect(slow_mode).to_have_value("30")
    await manage(ada, grace.name, "Remove from the room")
    await expect(ada.page.get_by_role("dialog")).to_be_visible()
    await as_(margaret, "PUT", f"/api{room.path}/members/{margaret.name}")
    await expect(details(ada).locator(".members-count")).to_have_text("4")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(details(ada).locator(f'[data-username="{grace.name}"]')).to_have_count(0)


async def test_what_is_typed_beside_the_messages_stays_when_others_act(room: Room) -> None:
    ada, grace = room.ada, room.grace
    field = details(ada).locator("#username")
    await field.fill("grac")
    await as_(grace, "DELETE", f"/api{room.path}/members/{grace.name}")
    await expect(details(ada).locator(".members li")).to_have_count(1)
    await expect(details(ada).locator(".members-count")).to_have_text("1")
    await expect(field).to_have_value("grac")
    await expect(field).to_be_focused()


async def test_what_the_blocked_say_is_collapsed_on_every_page_at_once(room: Room, visitors: Visitors) -> None:
    ada, grace = room.ada, room.grace
    other = await visitors.window(ada)
    await other.chat_with(grace)
    await other.page.evaluate("window.stayed = true")
    await grace.write("Before")
    await ada.sees("Before")
    await details(other).locator("#trouble > summary").click()
    await details(other).get_by_role("button", name=f"Block {grace.name}").click()
    await expect(note(other)).to_have_text(f"You have blocked {grace.name}: they cannot answer.")
    await expect(ada.article("Before").locator(".text")).to_be_hidden()
    await grace.write("After")
    collapsed = ada.article("After")
    await expect(collapsed).to_have_attribute("data-collapsed", "")
    await expect(collapsed.locator(".text")).to_be_hidden()
    await collapsed.locator("summary").click()
    await expect(collapsed.locator(".text")).to_be_visible()
    await details(other).get_by_role("button", name="Unblock").click()
    await expect(ada.article("Before").locator(".text")).to_be_visible()
    await expect(note(other)).to_be_hidden()
    assert await has_stayed(ada, other)


async def test_a_message_is_reported_in_a_dialog(room: Room) -> None:
    ada, grace = room.ada, room.grace
    ada.tolerates = REFUSED
    await grace.write("Rude words")
    await ada.sees("Rude words")
    dialog = ada.page.get_by_role("dialog", name="Report this message")
    for said in ("Reported. The moderators will look at it.", "You have reported this already."):
        await ada.use("Rude words", "report")
        await dialog.get_by_role("textbox").fill("Be kind")
        await dialog.get_by_role("button", name="Report").click()
        await expect(dialog).to_contain_text(said)
        if "already" in said:
            await expect(dialog.get_by_role("textbox")).to_have_value("Be kind")
        await ada.page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
    assert await has_stayed(ada)
    await grace.use("Rude words", "more")
    await expect(grace.page.get_by_role("menuitem", name="Report")).to_have_count(0)


async def test_on_a_phone_the_details_stay_open_after_an_act(room: Room, visitors: Visitors) -> None:
    phone = await visitors.window(room.ada, viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(phone, room.path)
    await phone.page.locator('[data-icon="details"]').tap()
    await manage(phone, room.grace.name, "Time out")
    await expect(details(phone).locator("> .notice")).to_be_in_viewport()
    await expect(details(phone).get_by_role("button", name="End the timeout")).to_be_visible()
    assert await has_stayed(phone)
