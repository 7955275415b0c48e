"""People on open pages: who comes and goes, what they call themselves, and their cards."""

import asyncio
import re
from collections.abc import AsyncIterator
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Locator, Route, expect

from tests.browser.test_accessibility import faults
from tests.browser.test_moderation import Room, as_, enter
from tests.browser.visitors import NOTHING, Couple, Visitor, Visitors

_numbers = count(1)


@pytest.fixture
async def room(pair: Couple) -> AsyncIterator[Room]:
    """Ada's, with Grace in it; she, who keeps no order there, has it open."""
    ada, grace = pair
    name = f"salon-{next(_numbers)}"
    await as_(ada, "POST", "/api/rooms", name=name)
    await as_(grace, "PUT", f"/api/rooms/{name}/members/{grace.name}")
    grace.complaints.clear()
    grace.tolerates = NOTHING
    await enter(grace, f"/rooms/{name}")
    yield Room(f"/rooms/{name}", ada, grace)
    grace.check_complaints()
    await grace.page.goto("about:blank")


def section(visitor: Visitor, kind: str) -> Locator:
    return visitor.page.locator(f'#members [data-section="{kind}"]')


async def show(visitor: Visitor, path: str, **form: str) -> None:
    assert visitor.person is not None
    answer = await visitor.person.ask("POST", path, data=form)
    assert answer.is_success, answer.text


async def test_members_come_change_and_go_on_an_open_page(room: Room, visitors: Visitors) -> None:
    grace, linus = room.grace, await visitors.person("linus")
    await as_(linus, "PUT", f"/api{room.path}/members/{linus.name}")
    row = grace.page.locator(f'li[data-username="{linus.name}"]')
    await expect(section(grace, "offline").locator(row)).to_have_count(1)
    await expect(grace.page.locator(".members-count")).to_have_text("3")
    await as_(linus, "POST", f"/api{room.path}/messages", message="Hello from elsewhere")
    await grace.sees("Hello from elsewhere")
    await expect(section(grace, "online").locator(row)).to_have_count(1)  # who writes is here
    await show(linus, "/api/update-nickname", nickname="Tux Torvalds")
    await show(linus, "/api/update-status", status="Merging")
    await expect(row.locator(".name")).to_have_text("Tux Torvalds")
    await expect(row.locator(".says")).to_have_text("Merging")
    await expect(grace.article("Hello from elsewhere").locator(".sender")).to_have_text("Tux Torvalds")
    await as_(room.ada, "PUT", f"/api{room.path}/members/{linus.name}/role", role="moderator")
    await expect(section(grace, "moderator").locator(row)).to_have_count(1)
    await as_(linus, "DELETE", f"/api{room.path}/members/{linus.name}")
    await expect(row).to_have_count(0)
    await expect(section(grace, "moderator")).to_be_hidden()
    assert await grace.page.evaluate("window.stayed === true")


async def test_in_a_large_room_the_numbers_move_and_who_comes_or_writes_gets_a_row(
    room: Room, visitors: Visitors
) -> None:
    grace, linus = room.grace, await visitors.person("linus")
    await as_(linus, "POST", f"/api/messages/{grace.name}", message="So that my coming is told")
    # As the page of a room of 150 is, of which two are listed and one of the others is here.
    await grace.page.evaluate(
        """() => {
          const count = document.querySelector(".members-count");
          count.dataset.count = count.textContent = "150";
          document.querySelector('#members [data-section="online"] .number').textContent = "2";
          document.querySelector('#members [data-section="offline"] .number').textContent = "147";
        }"""
    )
    count, row = grace.page.locator(".members-count"), grace.page.locator(f'li[data-username="{linus.name}"]')
    online, offline = (section(grace, kind).locator(".number") for kind in ("online", "offline"))
    await as_(linus, "PUT", f"/api{room.path}/members/{linus.name}")
    await expect(count).to_have_text("151")
    await expect(offline).to_have_text("148")
    await expect(row).to_have_count(0)
    await linus.open("/")
    await linus.live()
    await expect(section(grace, "online").locator(row)).to_have_count(1)
    await expect(online).to_have_text("2")  # as one of those who were counted already
    await expect(count).to_have_text("151")
    await as_(linus, "DELETE", f"/api{room.path}/members/{linus.name}")
    await expect(row).to_have_count(0)
    await expect(count).to_have_text("150")
    await as_(linus, "PUT", f"/api{room.path}/members/{linus.name}")
    await expect(count).to_have_text("151")
    await as_(linus, "POST", f"/api{room.path}/messages", message="Nobody listed me")
    await expect(section(grace, "online").locator(row)).to_have_count(1)
    await expect(online).to_have_text("2")
    await expect(offline).to_have_text("148")


async def test_a_name_opens_the_card_of_the_person_and_gets_the_focus_back(room: Room) -> None:
    grace, ada = room.grace, room.ada
    await as_(ada, "POST", f"/api{room.path}/messages", message="Whose words are these?")
    name = grace.article("Whose words are these?").locator(".sender")
    await name.focus()
    await name.press("Enter")
    card = grace.page.locator("dialog.profile-dialog")
    await expect(card.get_by_role("heading")).to_have_text(ada.name)
    await expect(card).to_contain_text("Owner of the room")
    await expect(card.get_by_role("link", name="Message")).to_have_attribute("href", f"/chat/{ada.name}")
    await expect(card.get_by_role("button", name="Video call")).to_be_visible()
    assert await faults(grace) == []
    await grace.page.keyboard.press("Escape")
    await expect(card).to_have_count(0)
    await expect(name).to_be_focused()
    await grace.article("Whose words are these?").locator(".avatar").click()
    await expect(card).to_be_visible()
    await card.get_by_role("button", name="Close").click()
    await expect(card).to_have_count(0)


async def test_whoever_is_to_be_added_is_suggested_by_a_part_of_their_name(room: Room, visitors: Visitors) -> None:
    grace, linus = room.grace, await visitors.person("linus")
    await show(linus, "/api/update-nickname", nickname=f"Penguin of {linus.name}")
    await grace.page.locator("#username").press_sequentially(f"guin of {linus.name}")
    option = grace.page.locator(f'#people-found option[value="{linus.name}"]')
    await expect(option).to_have_attribute("label", f"Penguin of {linus.name} (@{linus.name})")


def halves(path: Path) -> Path:
    """A wide picture, red on the left and blue on the right."""
    picture = Image.new("RGB", (400, 200), "red")
    picture.paste("blue", (200, 0, 400, 200))
    picture.save(path)
    return path


async def test_ones_own_picture_is_cropped_to_the_part_that_one_chose(visitors: Visitors, tmp_path: Path) -> None:
    """Also where the file was chosen before the script had come."""
    ada = await visitors.person("ada")
    held: asyncio.Queue[Route] = asyncio.Queue()
    await ada.page.route(re.compile(r"/static/own_picture\.\w+\.js$"), held.put)
    await ada.open("/settings")
    script = await held.get()
    await ada.page.locator("#avatar").set_input_files(halves(tmp_path / "halves.png"))
    await script.continue_()
    crop = ada.page.locator("dialog.crop")
    await expect(crop.locator("canvas")).to_be_focused()
    assert await faults(ada) == []
    corners = "parts => parts.map((part) => part.getBoundingClientRect()).map(({ x, y }) => [x, y])"
    heading, size, no, yes = await crop.locator("h2, label, button").evaluate_all(corners)
    assert heading[0] == size[0] == no[0]
    assert no[1] == yes[1] > size[1]
    for _ in range(30):
        await ada.page.keyboard.press("ArrowRight")  # the picture moves to the right: its left half is seen
    await crop.get_by_role("button", name="Use it").click()
    await expect(ada.page.locator("#picture-hint")).to_contain_text("halves.png")
    await expect(ada.page.locator(".own-picture .avatar canvas")).to_be_visible()
    await ada.page.get_by_role("button", name="Save", exact=True).first.click()
    await ada.page.wait_for_url("**/settings")
    assert ada.person is not None
    kept = await ada.person.ask("GET", f"/api/avatars/{ada.name}")
    with Image.open(BytesIO(kept.content)) as picture:
        assert picture.width == picture.height
        red, _, blue = picture.convert("RGB").getpixel((picture.width - 5, 5))  # type: ignore[misc]
    assert red > 200
    assert blue < 60


async def test_a_picture_that_is_given_up_leaves_no_preview_of_one_before(visitors: Visitors, tmp_path: Path) -> None:
    ada = await visitors.person("ada")
    await ada.open("/settings")
    hint, preview = ada.page.locator("#picture-hint"), ada.page.locator(".own-picture .avatar canvas")
    unchosen = await hint.text_content() or ""
    for answer, name in (("Use it", "first.png"), ("Cancel", "second.png")):
        await ada.page.locator("#avatar").set_input_files(halves(tmp_path / name))
        await ada.page.locator("dialog.crop").get_by_role("button", name=answer).click()
        if answer == "Use it":
            await expect(preview).to_be_visible()
            await expect(hint).to_contain_text("first.png")
    await expect(hint).to_have_text(unchosen)
    await expect(preview).to_have_count(0)
    assert await ada.page.locator("#avatar").input_value() == ""
