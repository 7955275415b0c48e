"""Files as messages show them: each by its kind, with its place kept, and nothing in a name becomes markup."""

from typing import Any

import msgspec
import pytest
from bs4 import BeautifulSoup, Tag

from gateway import catalogues
from gateway.domain.api_types import Attachment, Message, Problem
from gateway.domain.file_names import clock_time, is_voice_message, split_ending
from gateway.domain.message_view import Quote
from gateway.markup_cache import MarkupCache
from gateway.pages.error_messages import BY_CODE, explain, in_short
from tests.gateway.test_message_markup import MESSAGE, changed, markup, new_renderer, said

RENDERER = new_renderer(MarkupCache(bytes_max=0))
GERMAN = catalogues.load()["de"]


def a_file(kind: str = "document", **fields: Any) -> Attachment:
    known = {"id": "f", "url": "/api/files/f", "kind": kind, "filename": "plan.pdf", "size": 1200}
    return Attachment(**{**known, **fields})


def a_picture(number: int = 0, **fields: Any) -> Attachment:
    url = f"/api/files/{number}"
    sizes = {"width": 800, "height": 600}
    return a_file("picture", **{"url": url, "thumbnail_url": f"{url}/thumbnail", **sizes, **fields})


def shown(*files: Attachment) -> Tag:
    page = BeautifulSoup(markup(RENDERER, said(attachments=files)), "html.parser")
    place = page.select_one(".attachments")
    assert place is not None
    return place


@pytest.mark.parametrize("count, arrangement", [(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "many"), (20, "many")])
def test_pictures_are_arranged_by_their_number_and_keep_their_places(count: int, arrangement: str) -> None:
    gallery = shown(*(a_picture(number) for number in range(count))).select_one(".gallery")
    assert gallery is not None
    assert gallery["data-count"] == arrangement
    assert [link["href"] for link in gallery.select("a")] == [f"/api/files/{number}" for number in range(count)]
    for image in gallery.select("img"):
        assert (image["width"], image["height"]) == ("448", "336")


@pytest.mark.parametrize("count, more", [(12, []), (13, ["+1"]), (20, ["+8"])])
def test_how_many_more_pictures_there_are_is_told_on_the_twelfth(count: int, more: list[str]) -> None:
    tiles = shown(*(a_picture(number) for number in range(count))).select("a")
    assert [tile["data-more"] for tile in tiles if tile.has_attr("data-more")] == more
    assert tiles[11].has_attr("data-more") == bool(more)


def test_a_picture_alone_is_sharp_and_a_small_one_is_not_enlarged() -> None:
    large, small = shown(a_picture()).select_one("img"), shown(a_picture(width=30, height=20)).select_one("img")
    assert large is not None
    assert small is not None
    assert str(large["src"]).endswith("/thumbnail?size=1024")
    assert (small["width"], small["height"], small["src"]) == ("30", "20", "/api/files/0/thumbnail")


def test_pictures_come_first_and_the_others_in_their_order() -> None:
    place = shown(a_file("audio"), a_picture(), a_file("video"), a_file(), a_picture(1))
    kinds = [str(one["data-kind"]) for one in place.select("[data-kind]")]
    assert kinds == ["picture", "picture", "audio", "video", "document"]


def test_a_video_is_the_browsers_own_player_with_its_place_kept() -> None:
    place = shown(a_file("video", width=1920, height=1080, thumbnail_url="/api/files/f/thumbnail", duration_s=80.4))
    video = place.select_one("video[controls][preload=metadata]")
    assert video is not None
    assert (video["width"], video["height"], video["src"]) == ("448", "252", "/api/files/f")
    assert "1:20" in place.get_text()
    unknown = shown(a_file("video")).select_one("video")
    assert unknown is not None
    assert (unknown["width"], unknown["height"], unknown.get("poster")) == ("448", "252", None)


def test_a_sound_has_a_player_without_scripts_too_and_says_its_length() -> None:
    place = shown(a_file("audio", filename="song.mp3", duration_s=83))
    assert place.select_one("audio[controls][preload=none]") is not None
    slider = place.select_one("[role=slider][tabindex][aria-label]")
    assert slider is not None
    assert (slider["aria-valuemin"], slider["aria-valuemax"]) == ("0", "83")
    assert [one.get_text() for one in place.select(".time")] == ["1:23"]


def test_a_voice_message_is_called_so_and_not_by_its_name() -> None:
    place = shown(a_file("audio", filename="voice-message-2026-11-29-0906.webm"))
    assert [one.get_text() for one in place.select(".name")] == ["Voice message"]
    assert [one["aria-label"] for one in place.select("[role=group]")] == ["Voice message"]


@pytest.mark.parametrize("kind", ["document", "something of tomorrow"])
def test_anything_else_is_a_card_to_download_from(kind: str) -> None:
    place = shown(a_file(kind, size=1_400_000))
    assert {link["href"] for link in place.select(".file a[download]")} == {"/api/files/f"}
    assert "1.4\N{NO-BREAK SPACE}MB" in place.get_text()
    assert not place.select("img, .peek")


def test_a_document_with_a_first_page_shows_it() -> None:
    (image,) = shown(a_file(thumbnail_url="/api/files/f/thumbnail")).select(".leaf img[alt='']")
    assert image["src"] == "/api/files/f/thumbnail"


def test_a_text_opens_and_has_room_for_its_first_lines() -> None:
    place = shown(a_file(content_type="text/plain; charset=utf-8", filename="notes.txt"))
    assert [link.get("download") for link in place.select("a.name")] == [None]
    assert len(place.select("[data-text='/api/files/f'] .peek")) == 1
    assert not shown(a_file(content_type="text/html")).select(".peek")


@pytest.mark.parametrize("kind", ["picture", "audio", "video", "document"])
def test_nothing_in_a_name_becomes_markup(kind: str) -> None:
    name = '"><script>alert(1)</script>.txt'
    place = shown(a_file(kind, filename=name, thumbnail_url="/api/files/f/thumbnail"))
    assert not place.select("script")
    assert [one["data-name"] for one in place.select("[data-kind]")] == [name]


def test_a_message_of_before_there_were_kinds_shows_its_picture() -> None:
    stored = b'{"id":"f","url":"/api/files/f","thumbnail_url":"/api/files/f/thumbnail","width":4,"height":3}'
    assert len(shown(msgspec.json.decode(stored, type=Attachment)).select(".gallery img")) == 1


def test_scripts_find_one_of_each_kind_to_fill() -> None:
    blank = BeautifulSoup(RENDERER.empty_files("en"), "html.parser")
    kinds = [str(one["data-kind"]) for one in blank.select("[data-kind]")]
    assert kinds == ["picture", "video", "audio", "document"]
    assert not blank.select("[src]"), "a template asks for nothing"
    for part in (".leaf img", ".tile", ".peek", "audio", "video", ".wave", ".played"):
        assert len(blank.select(part)) == 1, part


def test_an_answer_to_files_alone_says_what_they_are() -> None:
    def quoted(*files: Attachment) -> str:
        silent: Message = msgspec.structs.replace(MESSAGE, message="", attachments=files)
        answer = msgspec.structs.replace(MESSAGE, reply_to=3)
        text = markup(RENDERER, changed(message=answer, quote=Quote.of(silent, {})))
        return BeautifulSoup(text, "html.parser").select(".reply")[0].get_text()

    assert quoted(a_picture()) == "ada: Picture"
    assert quoted(a_file("video")) == "ada: Video"
    assert quoted(a_file("audio", filename="voice-message-2026-11-29-0906.webm")) == "ada: Voice message"
    assert quoted(a_file()) == "ada: plan.pdf"


@pytest.mark.parametrize(
    "name, parts",
    [
        ("plan.pdf", ("plan", ".pdf")),
        ("kernel.tar.zst", ("kernel.tar", ".zst")),
        (".profile", (".profile", "")),
        ("no ending", ("no ending", "")),
        ("About it. And more", ("About it. And more", "")),
        ("x.longer-than-that", ("x.longer-than-that", "")),
        ("ends.", ("ends.", "")),
        ("", ("", "")),
        ("\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe", ("\N{RIGHT-TO-LEFT OVERRIDE}fdp", ".exe")),
    ],
)
def test_what_a_file_is_stands_apart_from_its_name(name: str, parts: tuple[str, str]) -> None:
    assert split_ending(name) == parts


def test_lengths_are_written_as_on_a_clock() -> None:
    lengths = {0: "0:00", 7.4: "0:07", 59.6: "1:00", 750: "12:30", 3723: "1:02:03"}
    assert {seconds: clock_time(seconds) for seconds in lengths} == lengths


def test_only_what_pages_recorded_is_a_voice_message() -> None:
    assert is_voice_message("voice-message-2026-11-29-0906.m4a")
    assert not is_voice_message("my voice-message-2026-11-29-0906.m4a")


def test_sizes_are_written_as_the_reader_does() -> None:
    sizes = [0, 1, 300, 1500, 999_499, 999_500, 1_400_000, 142_000_000, 2_100_000_000]
    written = ["0 kB", "1 kB", "1 kB", "2 kB", "999 kB", "1 MB", "1,4 MB", "142 MB", "2,1 GB"]
    assert [GERMAN.size(size).replace("\N{NO-BREAK SPACE}", " ") for size in sizes] == written


def test_a_refusal_names_each_file_that_is_to_blame() -> None:
    errors = [
        {"field": "a.zip", "detail": "10,485,760 bytes are the most."},
        {"field": "b.png", "detail": "Something that has no words yet."},
        {"field": "c.png", "detail": "it cannot be decoded: 3 bytes are missing."},
        {"field": "d.png", "detail": "it has 60,000,000 pixels; 50,000,000 are the most."},
    ]
    problem = msgspec.convert({"detail": "'a.zip': …", "code": "not_a_picture", "errors": errors}, Problem)
    too_large, no_picture = map(GERMAN.gettext, ("The file is too large.", BY_CODE["not_a_picture"]))
    assert "Datei" in too_large
    broken, many_pixels = (GERMAN.gettext(BY_CODE[code]) for code in ("broken_picture", "picture_too_large"))
    of_all = f"a.zip: {too_large} b.png: {no_picture} c.png: {broken} d.png: {many_pixels}"
    assert in_short(problem, GERMAN.gettext) == of_all
    assert explain(problem, GERMAN.gettext) == (of_all, {})
