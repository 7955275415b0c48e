"""Pins and replies beside the messages, as they are at the moment."""

import re

from playwright.async_api import Locator, expect

from tests.browser.visitors import PHONE, Couple, Visitor, Visitors


def view(visitor: Visitor) -> Locator:
    return visitor.page.locator("#side-view")


def replies_to(visitor: Visitor, text: str) -> Locator:
    return visitor.article(text).locator(":scope > .replies")


def pins_button(visitor: Visitor) -> Locator:
    return visitor.page.locator('.talk-head [data-icon="pin"]')


async def test_pins_are_marked_and_listed_live_and_follow_their_messages(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    await ada.write("The plan")
    await ada.write("The address")
    await ada.sees_state("The address", "sent")
    await grace.chat_with(ada)
    await pins_button(grace).click()
    await expect(view(grace)).to_contain_text("Nothing is pinned here yet")
    await expect(view(grace).get_by_role("heading")).to_be_focused()
    await ada.use("The plan", "pin")
    await ada.use("The address", "pin")
    for visitor in (ada, grace):
        await expect(visitor.article("The plan").locator(".pinned")).to_have_text("Pinned")
    entries = view(grace).locator("li .says")
    await expect(entries).to_have_text(["The address", "The plan"])
    await ada.use("The plan", "edit")
    await ada.write("The better plan")
    await expect(entries).to_have_text(["The address", "The better plan"])
    await grace.use("The address", "unpin")
    await expect(entries).to_have_text(["The better plan"])
    await expect(ada.article("The address").locator(".pinned")).to_have_count(0)
    await grace.page.reload()
    await grace.live()
    await expect(grace.article("The better plan").locator(".pinned")).to_be_visible()

    await pins_button(grace).click()
    await view(grace).get_by_role("link").click()
    await expect(grace.page.locator("#log article:target .text")).to_have_text("The better plan")
    await ada.use("The better plan", "delete")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(view(grace)).to_contain_text("Nothing is pinned here yet")
    await grace.page.keyboard.press("Escape")
    await pins_button(grace).click()
    await expect(view(grace)).to_have_count(0)


async def test_in_a_room_who_keeps_order_pins_and_a_full_board_is_told(pair: Couple, visitors: Visitors) -> None:
    ada, grace = [await visitors.window(one) for one in pair]
    assert ada.person is not None
    assert grace.person is not None
    await ada.person.ask("POST", "/api/rooms", json={"name": "pinboard"})
    await grace.person.ask("PUT", f"/api/rooms/pinboard/members/{grace.name}")
    for visitor in (ada, grace):
        await visitor.open("/rooms/pinboard")
        await visitor.live()
    await grace.write("Hers to say, not to pin")
    await grace.article("Hers to say, not to pin").hover()
    await expect(grace.article("Hers to say, not to pin").locator('.tools [data-action="pin"]')).to_be_hidden()
    await ada.article("Hers to say, not to pin").hover()
    pin = ada.article("Hers to say, not to pin").locator('.tools [data-action="pin"]')
    full = {"code": "too_many_pins", "detail": "50 messages are the most that can be pinned in a conversation."}
    await ada.page.route("**/pins/*", lambda route: route.fulfill(status=409, json=full))
    ada.tolerates = re.compile("status of 409")
    await pin.click()
    await expect(ada.page.locator("#composer-error")).to_have_text(
        "As much as can be is pinned here. Unpin something first."
    )
    await ada.page.unroute("**/pins/*")
    await pin.click()
    await expect(grace.article("Hers to say, not to pin").locator(".pinned")).to_be_visible()
    # The next press takes it back, by the key that has the focus too.
    unpin = ada.article("Hers to say, not to pin").locator('.tools [data-action="unpin"]')
    await expect(unpin).to_have_attribute("title", "Unpin")
    await unpin.press("Enter")
    await expect(grace.article("Hers to say, not to pin").locator(".pinned")).to_have_count(0)
    await expect(pin).to_have_attribute("title", "Pin for everybody")


async def test_replies_stand_beside_the_messages_and_grow(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    await ada.write("Who comes?")
    await grace.use("Who comes?", "reply")
    await grace.write("I do")
    await ada.sees("I do")
    await expect(replies_to(ada, "Who comes?")).to_have_text("1 reply")
    await ada.use("Who comes?", "replies")
    await expect(view(ada).get_by_role("heading")).to_have_text("Replies")
    await expect(view(ada).locator("li .says")).to_have_text(["I do"])
    await grace.use("Who comes?", "reply")
    await grace.write("And Linus")
    await expect(view(ada).locator("li .says")).to_have_text(["I do", "And Linus"])
    await expect(replies_to(ada, "Who comes?")).to_have_text("2 replies")
    await view(ada).get_by_role("button", name="Close").click()
    await expect(view(ada)).to_have_count(0)

    phone = await visitors.window(ada, viewport=PHONE, has_touch=True, is_mobile=True)
    await phone.chat_with(grace)
    await pins_button(phone).tap()
    await expect(view(phone)).to_be_visible()
    assert await view(phone).evaluate("(one) => one.offsetWidth") == PHONE["width"]
    assert await phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_replies_are_counted_below_the_message_live_and_on_a_fresh_page(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Who brings cake?")
    for text in ("I bring cake", "I bring two"):
        await grace.use("Who brings cake?", "reply")
        await grace.write(text)
        await ada.sees(text)
    for visitor in couple:
        await expect(replies_to(visitor, "Who brings cake?")).to_have_text("2 replies")
    await grace.use("I bring two", "delete")
    await grace.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    for visitor in couple:
        await expect(replies_to(visitor, "Who brings cake?")).to_have_text("1 reply")
    await ada.page.reload()
    await ada.live()
    await grace.use("Who brings cake?", "reply")  # what is told again to the fresh page comes before this
    await grace.write("And one more")
    await ada.sees("And one more")
    await expect(replies_to(ada, "Who brings cake?")).to_have_text("2 replies")

    await replies_to(ada, "Who brings cake?").click()
    await expect(view(ada).locator("li .says")).to_have_text(["I bring cake", "And one more"])
    await ada.page.keyboard.press("Escape")
    await expect(replies_to(ada, "Who brings cake?")).to_be_focused()


async def test_what_cannot_be_undone_asks_first(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    assert ada.person is not None
    room = f"asked-{ada.name}"
    await ada.person.ask("POST", "/api/rooms", json={"name": room, "private": True})
    await ada.person.ask("PUT", f"/api/rooms/{room}/members/{grace.name}")
    for visitor in (ada, grace):
        await visitor.open(f"/rooms/{room}")
        await visitor.live()
    await grace.page.get_by_text("Leave the room").click()
    question = grace.page.get_by_role("dialog", name=f"Leave #{room}?")
    boxes = [await question.get_by_role("button").nth(number).bounding_box() for number in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[1]["x"] - boxes[0]["x"] - boxes[0]["width"] >= 8
    await question.get_by_role("button", name="Cancel").click()
    await ada.page.get_by_text("Change the room").click()
    await ada.page.get_by_text("Close the room").click()
    await expect(ada.page.get_by_role("dialog")).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await grace.write("Still here")
    await ada.sees("Still here")
    await grace.page.get_by_text("Leave the room").click()
    await question.get_by_role("button", name="Leave").click()
    await expect(grace.page.locator(".notice")).to_have_text("You have left the room.")
    await ada.page.get_by_text("Close the room").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Close for good").click()
    await expect(ada.page.locator(".notice")).to_have_text("The room is closed.")
