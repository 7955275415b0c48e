"""The pure parts of the scripts, run by the browser that runs the rest."""

import re
from typing import Any

import blurhash
import msgspec
import pytest
from bs4 import BeautifulSoup

from gateway import catalogues
from gateway.domain.api_types import Attachment
from gateway.domain.file_names import clock_time, split_ending
from gateway.domain.spoilers import concealed
from gateway.markup_cache import MarkupCache
from tests.browser.conftest import Run
from tests.browser.visitors import Couple
from tests.gateway.test_attachment_markup import a_file, a_picture
from tests.gateway.test_attention_pages import PREVIEWS
from tests.gateway.test_message_markup import markup, new_renderer, said


async def test_a_page_begins_with_one_script_which_comes_after_the_styles(couple: Couple) -> None:
    entries: list[dict[str, Any]] = await couple[0].page.evaluate("performance.getEntriesByType('resource')")
    files = {re.sub(r"\.\w+\.(\w+)$", r".\1", one["name"]).rpartition("/")[2]: one for one in entries}
    assert [name for name in files if name.endswith(".js")] == ["script_loader.js", "app.js"]
    assert files["app.css"]["responseEnd"] <= files["app.js"]["startTime"]


async def test_attempts_to_connect_come_apart_up_to_15_s(run: Run) -> None:
    delays = "({retryDelayMs}, chance) => [0, 1, 2, 3, 4, 5, 6, 99].map((attempt) => retryDelayMs(attempt, chance))"
    assert await run("connection", delays, 0) == [250, 500, 1000, 2000, 4000, 7500, 7500, 7500]
    assert await run("connection", delays, 1) == [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]


DECODED = "({decodeBlurHash}, hash) => { const pixels = decodeBlurHash(hash, 32, 24); return pixels && [...pixels]; }"


async def test_a_blurhash_is_decoded_as_its_reference_does(run: Run) -> None:
    text = "LGF5]+Yk^6#M@-5c,1J5@[or[Q6."
    expected = [value for row in blurhash.decode(text, 32, 24) for pixel in row for value in (*pixel, 255)]
    pixels = await run("blurhash", DECODED, text)
    assert max(abs(one - other) for one, other in zip(pixels, expected, strict=True)) <= 2


@pytest.mark.parametrize("text", ["", "L", "LGF5]+Yk^6#M@-5c,1J5@[or[Q6", "LGF5]+Yk^6#M@-5c,1J5@[or[Q6\u00e9"])
async def test_what_is_no_blurhash_has_no_pixels(run: Run, text: str) -> None:
    assert await run("blurhash", DECODED, text) is None


@pytest.mark.parametrize(
    "text, short",
    [
        ("abcd", "abcd"),
        ("abcde", "abcd…"),
        ("👩‍🚀👋🏽🇩🇪é!", "👩‍🚀👋🏽🇩🇪é…"),
    ],
)
async def test_a_text_is_cut_between_characters(run: Run, text: str, short: str) -> None:
    assert await run("texts", "({shortened}, text) => shortened(text, 4)", text) == short


async def test_spoilers_are_hidden_in_a_line_as_the_server_hides_them(run: Run) -> None:
    for text in ("||a|| b ||c\nd|| e", "a || b", "||||", "||a||| b||"):
        assert await run("texts", "({concealed}, text) => concealed(text)", text) == concealed(text)


async def test_characters_are_counted_as_the_services_do(run: Run) -> None:
    for text in ("", "abc", "👋" * 4000, "👩‍🚀é"):
        assert await run("texts", "({lengthOf}, text) => lengthOf(text)", text) == len(text)


async def test_a_preview_says_what_the_servers_does(run: Run) -> None:
    texts = [text for text, _ in PREVIEWS]
    assert await run("texts", "({preview}, texts) => texts.map(preview)", texts) == [shown for _, shown in PREVIEWS]


NAMES = ["plan.pdf", "kernel.tar.zst", ".profile", "no ending", "About it. And more", "x.longer-than-that", "ends.", ""]


async def test_names_sizes_and_lengths_are_those_that_the_server_writes(run: Run) -> None:
    parts = await run("file_names", "({splitEnding}, names) => names.map(splitEnding)", NAMES)
    assert [tuple(one) for one in parts] == [split_ending(name) for name in NAMES]
    seconds = [0, 7.4, 59.6, 750, 3723]
    assert await run("file_names", "({clockTime}, all) => all.map(clockTime)", seconds) == [*map(clock_time, seconds)]
    english = catalogues.load()["en"]
    sizes = [0, 1, 300, 1500, 999_499, 999_500, 1_400_000, 99_900_000, 142_000_000, 2_100_000_000]
    assert await run("file_names", "({sizeText}, all) => all.map(sizeText)", sizes) == [*map(english.size, sizes)]


async def test_a_recording_has_as_many_bars_as_a_waveform_whatever_its_length(run: Run) -> None:
    for levels in ([], [0.5], [0.1] * 59 + [0.2], [0.1, 0.4] * 400):
        bars = await run("waveform", "({condensed}, levels) => condensed(levels)", levels)
        assert len(bars) == 60
        assert max(bars) == (1 if levels else 0)
        assert min(bars) >= 0


def shape(markup: str) -> list[tuple[str, dict[str, Any], str]]:
    """Its elements in order: what they are, and what they say themselves."""
    return [
        (one.name, dict(one.attrs), "".join(one.find_all(string=True, recursive=False)).strip())
        for one in BeautifulSoup(markup, "html.parser").find_all()
    ]


@pytest.mark.parametrize(
    "files",
    [
        (a_picture(),),
        (a_picture(width=30, height=20, placeholder="LGF5]+Yk^6#M@-5c,1J5@[or[Q6."), a_picture(1, filename="")),
        tuple(a_picture(number) for number in range(13)),
        (a_picture(thumbnail_url=None),),
        (a_file("video", width=640, height=480, thumbnail_url="/api/files/f/thumbnail", duration_s=80.4),),
        (a_file("video", filename=""),),
        (a_file("audio", filename="song.mp3", duration_s=83.0), a_file("audio", filename="", duration_s=7.123456)),
        (a_file("audio", filename="voice-message-2026-11-29-0906.webm", duration_s=7.2),),
        (a_file(thumbnail_url="/api/files/f/thumbnail"), a_picture(), a_file("something of tomorrow")),
        (a_file(content_type="text/plain; charset=utf-8", filename="short.txt", size=9), a_file(filename="")),
        (a_file(content_type="text/plain", filename='"><script>.txt', size=9_000_000),),
    ],
)
async def test_scripts_make_of_files_what_the_server_makes(run: Run, files: tuple[Attachment, ...]) -> None:
    function = "({fileNodes}, files) => fileNodes(files).map((node) => node.outerHTML).join('')"
    by_script = await run("file_view", function, msgspec.to_builtins(files))
    page = BeautifulSoup(markup(new_renderer(MarkupCache()), said(attachments=files)), "html.parser")
    assert shape(by_script) == shape(page.select(".attachments")[0].decode_contents())


async def test_what_people_wrote_runs_in_its_own_direction(couple: Couple) -> None:
    ada, _ = couple
    await ada.write("שלום!")
    await ada.sees("שלום!")
    for written in ("#log > article .text", "#log > article .sender", "#message", "#conversations .last", "h1 .called"):
        for direction in await ada.page.locator(written).evaluate_all("all => all.map((one) => one.dir)"):
            assert direction == "auto", written
    assert await ada.page.locator(".text").last.evaluate("one => getComputedStyle(one).direction") == "rtl"
