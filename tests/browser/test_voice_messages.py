"""Voice messages: recorded by pressing twice or by holding, heard before they are sent, or taken back."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.browser.test_files import chosen
from tests.browser.visitors import Couple, Visitor, Visitors


def microphone(visitor: Visitor) -> Locator:
    return visitor.page.locator('[data-action="record"]')


async def records(visitor: Visitor) -> None:
    """Wait until something is heard."""
    await expect(visitor.page.locator("#recorder .time")).to_have_text("0:01")
    await expect(visitor.page.locator("#recorder .level path")).to_have_attribute("d", re.compile("v"))


async def test_a_voice_message_is_heard_before_it_is_sent_and_by_both(couple: Couple) -> None:
    ada, grace = couple
    await microphone(ada).click()
    await records(ada)
    await microphone(ada).click()
    await expect(ada.page.locator("#recorder")).to_be_hidden()
    await expect(chosen(ada, "done")).to_have_count(1)
    own = chosen(ada)
    await expect(own.locator(".wave path").first).to_have_attribute("d", re.compile("v"))
    await own.get_by_role("button", name="Play").click()
    await expect(own.locator('[data-action="play"]')).to_have_attribute("data-playing", "")
    await ada.write("Listen")
    for visitor in (ada, grace):
        sound = visitor.article("Listen").locator(".sound")
        await expect(sound).to_have_attribute("aria-label", "Voice message")
        name = await sound.get_attribute("data-name") or ""
        assert re.fullmatch(r"voice-message-\d{4}-\d\d-\d\d-\d{4}\.(webm|m4a|ogg)", name)
        await expect(sound.locator(".time")).to_have_text(re.compile("^0:0[1-9]$"))
    heard = grace.article("Listen").locator(".sound")
    await heard.get_by_role("button", name="Play").click()
    await expect(heard.locator(".time")).to_have_text(re.compile(r"^0:0\d / 0:0[1-9]$"))


async def test_who_holds_the_button_records_until_it_is_let_go(ada: Visitor) -> None:
    await microphone(ada).hover()
    await ada.page.mouse.down()
    await records(ada)
    await ada.page.mouse.up()
    await expect(chosen(ada, "done")).to_have_count(1)
    await expect(ada.page.locator('[data-action="send"]')).to_be_focused()
    await chosen(ada).locator('[data-action="remove"]').click()
    await expect(chosen(ada)).to_have_count(0)


@pytest.mark.parametrize("how", ["Escape", "button", "slide"])
async def test_a_recording_is_taken_back(ada: Visitor, how: str) -> None:
    await microphone(ada).hover()
    await ada.page.mouse.down()
    if how != "slide":
        await ada.page.mouse.up()
    await records(ada)
    if how == "Escape":
        await ada.page.keyboard.press("Escape")
    elif how == "button":
        await ada.page.get_by_role("button", name="Discard the recording").click()
    else:
        box = await microphone(ada).bounding_box()
        assert box is not None
        await ada.page.mouse.move(box["x"] - 200, box["y"])
        await ada.page.mouse.up()
    await expect(ada.page.locator("#recorder")).to_be_hidden()
    await expect(microphone(ada)).to_be_focused()
    await expect(chosen(ada)).to_have_count(0)


async def test_what_is_said_while_it_is_sent_goes_with_it(couple: Couple) -> None:
    ada, grace = couple
    await microphone(ada).press("Enter")
    await records(ada)
    count = await grace.articles.count()
    await ada.page.locator('[data-action="send"]').click()
    await expect(grace.articles).to_have_count(count + 1)
    await expect(grace.articles.last.locator(".sound")).to_have_attribute("aria-label", "Voice message")


async def test_who_writes_is_offered_no_microphone(ada: Visitor) -> None:
    await expect(microphone(ada)).to_be_visible()
    await ada.area.fill("Words")
    await expect(microphone(ada)).to_be_hidden()
    await ada.area.fill("")
    await expect(microphone(ada)).to_be_visible()


async def test_a_microphone_that_cannot_be_had_is_said_in_words(visitors: Visitors, couple: Couple) -> None:
    ada = await visitors.window(couple[0])
    await ada.context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'))"
    )
    await ada.chat_with(couple[1])
    await microphone(ada).click()
    await expect(ada.page.locator("#composer-error")).to_have_text("There is no microphone.")
    await expect(ada.page.locator("#recorder")).to_be_hidden()
