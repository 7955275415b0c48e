"""Pictures: chosen, pasted and dropped; shown small, and whole."""

import re
from base64 import b64encode
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitor, Visitors

GIVE = """
(area, {kind, encoded}) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], `${kind}.png`, {type: "image/png"}));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true})
    : new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
  area.dispatchEvent(event);
}
"""


def picture(seed: int) -> bytes:
    """A PNG that no other test has: the same bytes would be the same file."""
    noise = np.random.default_rng(seed).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".png", noise)[1])


async def sees_picture(visitor: Visitor, text: str) -> None:
    image = visitor.article(text).locator(".attachments a img")
    await expect(image).to_have_count(1)
    await image.scroll_into_view_if_needed()
    await image.evaluate("image => image.decode()")
    await expect(visitor.article(text).locator(".attachments canvas")).to_have_count(0)


async def test_a_chosen_picture_is_uploaded_and_seen_by_both(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    path = tmp_path / "holiday.png"
    path.write_bytes(picture(1))
    await ada.page.locator('input[name="files"]').set_input_files(path)
    await expect(ada.page.locator('#chosen > li[data-state="done"] img')).to_have_attribute("alt", "holiday.png")
    await ada.write("From the button")
    for visitor in (ada, grace):
        await sees_picture(visitor, "From the button")
        await visitor.page.reload()
        await sees_picture(visitor, "From the button")
    await expect(ada.page.locator("#chosen > li")).to_have_count(0)


@pytest.mark.parametrize("kind", ["paste", "drop"])
async def test_a_pasted_or_dropped_picture_is_sent_when_it_has_arrived(couple: Couple, kind: str) -> None:
    ada, grace = couple
    encoded = b64encode(picture(ord(kind[0]))).decode()
    await ada.area.evaluate(GIVE, {"kind": kind, "encoded": encoded})
    await expect(ada.page.locator("#chosen > li")).to_have_count(1)
    await ada.write(f"By {kind}")  # at once: it waits for the upload by itself
    await sees_picture(grace, f"By {kind}")
    await sees_picture(ada, f"By {kind}")


async def test_a_chosen_picture_can_be_taken_away(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    path = tmp_path / "mistake.png"
    path.write_bytes(picture(2))
    await ada.page.locator('input[name="files"]').set_input_files(path)
    await expect(ada.page.locator('#chosen > li[data-state="done"]')).to_have_count(1)
    async with ada.page.expect_response(lambda answer: answer.request.method == "DELETE") as removed:
        await ada.page.locator("#chosen").get_by_role("button", name="Remove mistake.png").click()
    assert (await removed.value).ok, "it takes no room any more"
    await ada.write("Without a picture")
    await grace.sees("Without a picture")
    await expect(grace.article("Without a picture").locator(".attachments img")).to_have_count(0)


async def test_a_picture_opens_whole_and_gives_the_focus_back(ada: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "whole.png"
    path.write_bytes(picture(3))
    await ada.page.locator('input[name="files"]').set_input_files(path)
    await expect(ada.page.locator('#chosen > li[data-state="done"]')).to_have_count(1)
    await ada.write("To look at")
    link = ada.article("To look at").locator(".gallery a")
    await sees_picture(ada, "To look at")
    await link.focus()
    await link.press("Enter")
    viewer = ada.page.locator("#viewer")
    await expect(viewer).to_be_visible()
    await viewer.locator("img").evaluate("image => image.decode()")
    assert await viewer.locator("img").evaluate("image => image.naturalWidth") == 90
    await ada.page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(link).to_be_focused()


async def test_the_viewer_leads_through_the_pictures_and_says_where_it_is(visitors: Visitors, tmp_path: Path) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    paths = [tmp_path / f"{name}.png" for name in ("one", "two", "three")]
    for number, path in enumerate(paths):
        path.write_bytes(picture(20 + number))
    await ada.page.locator('input[name="files"]').set_input_files(paths)
    await expect(ada.page.locator('#chosen > li[data-state="done"]')).to_have_count(3)
    await ada.write("Three of them")
    links = ada.article("Three of them").locator(".gallery a")
    await links.nth(0).click()
    viewer = ada.page.locator("#viewer")
    name, place = viewer.locator(".name"), viewer.locator(".position")
    earlier, later = (viewer.locator(f'[data-action="{action}"]') for action in ("previous", "next"))
    await expect(place).to_have_text("1 of 3")
    await expect(earlier).to_be_hidden()
    await ada.page.keyboard.press("ArrowRight")
    await expect(place).to_have_text("2 of 3")
    await expect(name).to_have_text("two.png")
    await later.click()
    await expect(place).to_have_text("3 of 3")
    await expect(later).to_be_hidden()
    await ada.page.keyboard.press("ArrowRight")
    await expect(place).to_have_text("3 of 3")
    await expect(viewer.locator("img")).to_have_attribute("alt", "three.png")
    await expect(viewer.locator("a[download]")).to_have_attribute("download", "three.png")
    await ada.page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(links.nth(2)).to_be_focused()


async def test_the_viewer_leads_to_videos_too_and_back_to_the_place_where_one_is(
    visitors: Visitors, tmp_path: Path
) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    (tmp_path / "first.png").write_bytes(picture(60))
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(100))
    (tmp_path / "last.png").write_bytes(picture(61))
    for name in ("first.png", "film.mp4", "last.png"):
        await ada.page.locator('input[name="files"]').set_input_files(tmp_path / name)
        await expect(ada.page.locator('#chosen > li[data-state="done"]')).to_have_count(1)
        await ada.write(f"Here is {name}")
        await expect(ada.page.locator("#chosen > li")).to_have_count(0)
    await ada.article("Here is first.png").locator(".gallery a").click()
    viewer, keys = ada.page.locator("#viewer"), ada.page.keyboard
    video, place = viewer.locator("video"), viewer.locator(".position")
    await expect(place).to_have_text("1 of 3")
    await expect(video).to_be_hidden()
    await keys.press("ArrowRight")
    await expect(place).to_have_text("2 of 3")
    await expect(viewer.locator(".name")).to_have_text("film.mp4")
    await expect(video).to_be_visible()
    await expect(viewer.locator("img")).to_be_hidden()
    await expect(video).to_have_attribute("src", re.compile("/api/files/"))
    await expect(viewer.locator("a[download]")).to_have_attribute("download", "film.mp4")
    await video.focus()
    await keys.press("ArrowRight")  # moves its time
    await expect(place).to_have_text("2 of 3")
    await viewer.locator('[data-action="next"]').click()
    await expect(viewer.locator(".name")).to_have_text("last.png")
    await expect(video).to_be_hidden()
    await expect(video).not_to_have_attribute("src", re.compile("."))  # nothing plays on
    await keys.press("ArrowLeft")
    await keys.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(ada.article("Here is film.mp4").locator("video")).to_be_focused()


@pytest.mark.parametrize("count", [5, 6, 7, 13])
async def test_no_place_in_a_gallery_is_empty(ada: Visitor, tmp_path: Path, count: int) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(picture(100 * count + number))
    await ada.page.locator('input[name="files"]').set_input_files(paths)
    await expect(ada.page.locator('#chosen > li[data-state="done"]')).to_have_count(count)
    await ada.write(f"A gallery of {count}")
    gallery = ada.article(f"A gallery of {count}").locator(".gallery")
    await expect(gallery.locator("a")).to_have_count(count)
    covered = await gallery.evaluate("""(gallery) => {
      const area = (one) => one.clientWidth * one.clientHeight;
      const tiles = [...gallery.querySelectorAll("a")].filter((one) => one.checkVisibility());
      return tiles.reduce((sum, one) => sum + area(one), 0) / area(gallery);
    }""")
    assert covered > 0.95  # the rest are gaps between them


async def test_more_pictures_than_tiles_are_in_the_viewer(visitors: Visitors, tmp_path: Path) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    paths = [tmp_path / f"{number}.png" for number in range(14)]
    for number, path in enumerate(paths):
        path.write_bytes(picture(40 + number))
    await ada.page.locator('input[name="files"]').set_input_files(paths)
    await expect(ada.page.locator('#chosen > li[data-state="done"]')).to_have_count(14)
    await ada.write("Many")
    links = ada.article("Many").locator(".gallery a")
    await expect(links).to_have_count(14)
    await expect(links.nth(12)).to_be_hidden()
    await links.nth(11).click()
    await expect(ada.page.locator("#viewer")).to_be_focused()
    await ada.page.keyboard.press("ArrowRight")
    viewer = ada.page.locator("#viewer")
    await expect(viewer.locator(".position")).to_have_text("13 of 14")
    await ada.page.keyboard.press("Escape")
    await expect(links.nth(11)).to_be_focused()
