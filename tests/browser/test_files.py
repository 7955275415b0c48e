"""Files of any kind: chosen, sent, refused one by one, read, heard and watched."""

import asyncio
import io
import math
import re
import struct
import wave
from pathlib import Path

from playwright.async_api import Locator, Route, expect

from tests.browser.test_pictures import picture
from tests.browser.visitors import PHONE, Couple, Visitor, Visitors

LINES = "".join(f"Line {number}\n" for number in range(1, 40))
# What begins as a video does, with nothing in it.
WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878102428581021853806780")
SHAPE = """
(article) => [...article.querySelectorAll(".attachments *")]
  .filter((one) => !one.matches("svg *"))
  .map((one) => [
    one.tagName,
    Object.fromEntries([...one.attributes].map(({name, value}) => [name, value])),
    one.childElementCount ? "" : one.textContent.trim(),
  ])
"""
UPLOADS = "**/api/user/upload-files"


def sound(seconds: float = 2, hertz: float = 440) -> bytes:
    """A WAV: a tone that becomes louder."""
    made = io.BytesIO()
    rate = 8000
    count = int(seconds * rate)
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (math.sin(2 * math.pi * hertz * at / rate) * 30_000 * at / count for at in range(count))
        file.writeframes(b"".join(struct.pack("<h", int(sample)) for sample in samples))
    return made.getvalue()


def put(folder: Path, **files: bytes) -> list[Path]:
    """`a__txt` is `a.txt`."""
    paths = [folder / name.replace("__", ".") for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return paths


async def choose(visitor: Visitor, *paths: Path) -> None:
    await visitor.page.locator('input[name="files"]').set_input_files(paths)


def chosen(visitor: Visitor, state: str = "") -> Locator:
    return visitor.page.locator(f'#chosen > li[data-state="{state}"]' if state else "#chosen > li")


async def send(visitor: Visitor, text: str, *paths: Path) -> Locator:
    """The message with the files, when it is on disk."""
    await choose(visitor, *paths)
    await visitor.area.fill(text)
    await visitor.page.locator('#composer [data-action="send"]').click()  # on a phone, Enter breaks the line
    await expect(visitor.article(text)).to_have_attribute("data-state", re.compile("sent|delivered|read"))
    return visitor.article(text)


async def test_a_text_and_a_sound_are_sent_and_seen_by_both(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    paths = put(tmp_path, notes__txt=LINES.encode(), tone__wav=sound())
    await send(ada, "To read and to hear", *paths)
    for visitor in (ada, grace):
        article = visitor.article("To read and to hear")
        await expect(article.locator(".file .peek")).to_contain_text("Line 10")
        await expect(article.locator(".file .peek")).not_to_contain_text("Line 11")
        await expect(article.locator(".file .name")).to_have_text("notes.txt")
        await expect(article.locator(".sound .time")).to_have_text("0:02")
        await visitor.page.reload()
        await visitor.live()
        await expect(article.locator(".file .peek")).to_contain_text("Line 10")
        await expect(article.locator(".sound .time")).to_have_text("0:02")
    await expect(chosen(ada)).to_have_count(0)


async def test_a_sound_plays_alone_and_is_sought_by_mouse_and_keys(ada: Visitor, tmp_path: Path) -> None:
    article = await send(ada, "Two tones", *put(tmp_path, low__wav=sound(20, 220), high__wav=sound(20, 880)))
    first, second = article.locator(".sound").first, article.locator(".sound").last
    await first.get_by_role("button", name="Play").click()
    await expect(first.locator('[data-action="play"]')).to_have_attribute("data-playing", "")
    await expect(first.locator(".time")).to_have_text(re.compile(r"0:0[1-9] / 0:20"))
    await second.get_by_role("button", name="Play").click()
    await expect(second.locator('[data-action="play"]')).to_have_attribute("data-playing", "")
    await expect(first.locator("[data-playing]")).to_have_count(0)
    await second.get_by_role("button", name="Pause").click()
    slider = second.get_by_role("slider")
    box = await slider.bounding_box()
    assert box is not None
    await slider.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    await expect(slider).to_have_attribute("aria-valuenow", "10")
    await slider.press("ArrowRight")
    await expect(slider).to_have_attribute("aria-valuenow", "15")
    await slider.press("Home")
    await expect(slider).to_have_attribute("aria-valuenow", "0")
    speed = second.locator('[data-action="speed"]')
    for speed_now in ("1.5", "2", "1"):
        await speed.click()
        await expect(speed.locator(".value")).to_have_text(f"{speed_now}\N{MULTIPLICATION SIGN}")


async def test_a_short_sound_shows_how_loud_it_is(ada: Visitor, tmp_path: Path) -> None:
    article = await send(ada, "Louder and louder", *put(tmp_path, louder__wav=sound()))
    path = article.locator(".wave path").first
    await expect(path).to_have_attribute("d", re.compile(r"^(M[\d.]+ [\d.]+v[\d.]+){60}$"))
    heights = [float(one) for one in re.findall(r"v([\d.]+)", await path.get_attribute("d") or "")]
    assert heights[5] < heights[30] < heights[55]


async def test_a_refused_file_stays_beside_its_reason_and_spoils_no_other(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    ada.tolerates = re.compile("status of 415")
    await choose(ada, *put(tmp_path, fake__png=b"no picture at all", good__png=picture(31)))
    await expect(chosen(ada, "done")).to_have_count(1)
    refused = chosen(ada, "failed")
    await expect(refused).to_contain_text("fake.png")
    await expect(refused.get_by_role("alert")).to_have_text(
        "This picture cannot be shown here. Save it as JPEG or PNG, then send that."
    )
    await ada.write("With one of two")
    await expect(ada.page.locator("#composer-error")).to_contain_text("Not every file")
    await expect(ada.area).to_have_value("With one of two")
    await refused.get_by_role("button", name="Remove fake.png").click()
    await expect(chosen(ada)).to_have_count(1)
    await ada.area.press("Enter")
    await expect(grace.article("With one of two").locator(".gallery img")).to_have_attribute("alt", "good.png")


async def test_what_is_too_large_is_refused_before_it_is_sent(ada: Visitor, tmp_path: Path) -> None:
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    await choose(ada, *put(tmp_path, large__png=bytes(10 * 1024 * 1024 + 1)))
    await expect(chosen(ada, "failed").get_by_role("alert")).to_have_text("Too large: 10.5\xa0MB is the most.")
    await expect(chosen(ada).get_by_role("button", name="Try again")).to_be_hidden()
    await chosen(ada).get_by_role("button", name="Remove large.png").click()
    assert not [url for url in asked if "upload" in url]


async def test_an_upload_is_cancelled_and_the_message_goes_without_it(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    held: asyncio.Queue[Route] = asyncio.Queue()
    await ada.page.route(UPLOADS, held.put)
    await choose(ada, *put(tmp_path, mistake__txt=b"not for you"))
    await held.get()
    await ada.write("Without it")
    await expect(ada.article("Without it")).to_have_count(0)  # it waits
    await chosen(ada).get_by_role("button", name="Remove mistake.txt").click()
    await grace.sees("Without it")
    await expect(grace.article("Without it").locator(".file")).to_have_count(0)
    await ada.page.unroute(UPLOADS)


async def test_what_is_written_on_while_a_file_comes_is_not_sent_half(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    held: asyncio.Queue[Route] = asyncio.Queue()
    await ada.page.route(UPLOADS, held.put)
    await choose(ada, *put(tmp_path, slow__txt=b"at last"))
    upload = await held.get()
    await ada.write("Said, and")
    await expect(ada.page.locator("form[aria-busy=true]")).to_have_count(1)
    await ada.page.keyboard.type(" not done")
    await upload.continue_()
    await expect(chosen(ada, "done")).to_have_count(1)
    await expect(ada.area).to_have_value("Said, and not done")
    await ada.page.keyboard.press("Enter")
    await expect(grace.article("Said, and not done").locator(".file .name")).to_have_text("slow.txt")
    await ada.page.unroute(UPLOADS)


async def test_three_at_once_are_uploaded_and_the_rest_waits(ada: Visitor, tmp_path: Path) -> None:
    held: asyncio.Queue[Route] = asyncio.Queue()
    await ada.page.route(UPLOADS, held.put)
    await choose(ada, *put(tmp_path, **{f"number{number}__txt": b"%d" % number for number in range(5)}))
    first = [await held.get() for _ in range(3)]
    await expect(chosen(ada, "waiting")).to_have_count(2)
    assert held.empty()
    await first[0].continue_()
    await held.get()
    await expect(chosen(ada, "waiting")).to_have_count(1)
    await ada.page.unroute_all(behavior="ignoreErrors")
    await ada.page.reload()
    await ada.live()


async def test_an_upload_that_broke_off_is_tried_again(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    ada.tolerates = re.compile("ERR_FAILED")
    await ada.page.route(UPLOADS, lambda route: route.abort(), times=1)
    await choose(ada, *put(tmp_path, stubborn__txt=b"here I am"))
    await expect(chosen(ada, "failed").get_by_role("alert")).to_contain_text("Are you offline?")
    await chosen(ada).get_by_role("button", name="Try again").click()
    await expect(chosen(ada, "done")).to_have_count(1)
    await ada.write("At last")
    await expect(grace.article("At last").locator(".file .name")).to_have_text("stubborn.txt")


async def test_nothing_moves_when_what_is_shown_arrives(visitors: Visitors, tmp_path: Path) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    paths = put(tmp_path, a__png=picture(91), b__png=picture(92), c__txt=LINES.encode(), d__wav=sound())
    await send(ada, "One", paths[0])
    await send(ada, "All", *paths)
    held: asyncio.Queue[Route] = asyncio.Queue()
    await grace.page.route("**/api/files/**", held.put)
    await grace.chat_with(ada)
    await held.get()
    places = "[...document.querySelectorAll('#log > article')].map((one) => one.getBoundingClientRect().height)"
    before = await grace.page.evaluate(places)
    await grace.page.unroute_all(behavior="ignoreErrors")
    await grace.page.reload()
    await expect(grace.article("All").locator(".peek")).to_contain_text("Line 1")
    await expect(grace.article("All").locator(".wave path").first).to_have_attribute("d", re.compile("v"))
    for image in await grace.page.locator(".gallery img").all():
        await image.evaluate("image => image.decode()")
    assert await grace.page.evaluate(places) == before


async def test_scripts_show_files_exactly_as_the_server_does(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    paths = put(
        tmp_path,
        a__png=picture(93),
        b__png=picture(94),
        c__txt=LINES.encode(),
        short__txt=b"Hi",
        d__wav=sound(3),
        e__zip=b"PK\x03\x04" + bytes(5000),
        film__webm=WEBM,
    )
    await send(ada, "Of every kind", *paths)
    await send(ada, "One alone", paths[0])

    async def shapes() -> list[object]:
        articles = [grace.article(text) for text in ("Of every kind", "One alone")]
        for article in articles:
            for part in await article.locator(".gallery a, .peek, .wave").all():
                await part.scroll_into_view_if_needed()  # nothing is fetched that nobody sees
            await expect(article.locator(".attachments canvas")).to_have_count(0)
        await expect(articles[0].locator(".peek").first).to_contain_text("Line")
        await expect(articles[0].locator(".peek").last).to_contain_text("Hi")
        await expect(articles[0].locator(".wave path").first).to_have_attribute("d", re.compile("v"))
        return [await article.evaluate(SHAPE) for article in articles]

    by_scripts = await shapes()
    await grace.page.reload()
    await grace.live()
    assert await shapes() == by_scripts


async def test_long_and_right_to_left_names_break_nothing_on_a_phone(
    visitors: Visitors, couple: Couple, tmp_path: Path
) -> None:
    phone = await visitors.window(couple[0], viewport=PHONE, has_touch=True, is_mobile=True, locale="de-DE")
    await phone.chat_with(couple[1])
    paths = [tmp_path / f"{'long ' * 40}.pdf", tmp_path / f"{'שלום' * 20}.txt", tmp_path / f"{'w' * 190}.wav"]
    for path, content in zip(paths, (b"%PDF-1.4 not much", LINES.encode(), sound()), strict=True):
        path.write_bytes(content)
    article = await send(phone, "Names", *paths)
    await expect(article.locator(".name")).to_have_count(3)
    for ending in await article.locator(".ending").all():
        assert await ending.evaluate("one => one.scrollWidth <= one.offsetWidth + 1 && one.offsetWidth > 0")
    for place in ("document.documentElement", "document.querySelector('#scroller')"):
        assert await phone.page.evaluate(f"{place}.scrollWidth <= {place}.clientWidth"), place
