"""The form: whatever the bytes, in whatever pieces, it gives the files or says why not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_service.domain.filenames import NAME_LENGTH_MAX, clean_filename, disposition, named_for
from media_service.domain.ranges import asked_range
from media_service.domain.refusals import BrokenUpload, MediaRefusal, RangeNotSatisfiable
from media_service.multipart import Form
from tests.media_service.gallery import BOUNDARY, MULTIPART, form, part

Files = list[tuple[str, bytes]]


def files_in(body: bytes, cuts: list[int], content_type: str = MULTIPART) -> Files:
    """Of a body that comes in pieces."""
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in pairwise(edges):
            yield body[start:end]

    async def read() -> Files:
        given_form = Form(content_type, file_bytes_max=1000, files_max=5)
        return [(file.filename, file.read()) async for file in given_form.files(pieces())]

    return asyncio.run(read())


cuts = st.lists(st.integers(0, 10_000), max_size=20)


@given(st.lists(st.binary(max_size=1000).filter(lambda data: BOUNDARY not in data), max_size=5), cuts)
@settings(max_examples=60, deadline=None)
def test_files_are_what_was_sent_in_whatever_pieces(contents: list[bytes], at: list[int]) -> None:
    body = form(*(part(data, f"{number}.png") for number, data in enumerate(contents)))
    assert files_in(body, at) == [(f"{number}.png", data) for number, data in enumerate(contents)]


@pytest.mark.parametrize("lines, fits", [(1, True), (2, False)])
def test_the_head_of_a_part_has_a_limit(lines: int, *, fits: bool) -> None:
    body = form(part(b"x", head={f"X-{number}": "x" * 4_090 for number in range(lines)}))
    with nullcontext() if fits else pytest.raises(BrokenUpload):
        assert len(files_in(body, [])) == 1


PIECES = st.sampled_from(
    [
        *(b"--" + BOUNDARY, b"\r\n", b"--", b"\r", b"\n", b": ", b";", b'"', b"\\", b"\0", b"\xff", b"x", b"Content-"),
        *(b"Content-Disposition: form-data", b'; filename="a.png"', b'; filename="', b"; filename=a"),
        b"filename*=UTF-8''%e2",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=5), max_size=40), cuts)
@settings(max_examples=150, deadline=None)
def test_any_bytes_at_all_are_files_or_a_refusal(pieces: list[bytes], at: list[int]) -> None:
    with suppress(MediaRefusal):
        files_in(b"".join(pieces), at)


@given(st.text(st.characters(max_codepoint=255), max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_content_type_is_one_or_a_refusal(content_type: str) -> None:
    for one in (content_type, f"multipart/form-data; {content_type}", f"multipart/form-data; boundary={content_type}"):
        with suppress(MediaRefusal):
            files_in(form(part(b"x")), [], one)


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_can_be_shown_and_sent(given_name: str) -> None:
    name = clean_filename(given_name)
    assert 1 <= len(name) <= NAME_LENGTH_MAX
    assert not set(name) & {"/", "\\", "\0", "\n", "\r", "\u202e"}
    assert not name.startswith(".")
    assert clean_filename(name) == name
    said = disposition(name, is_inline=True)
    assert said.isascii()
    assert said.isprintable()


@pytest.mark.parametrize(
    "given_name, kept",
    [
        ("\u200b", "file"),
        ("\u3164 \u2800", "file"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a\x1b[2J\u2028.png", "a[2J.png"),
        ("👩\u200d🚀.png", "👩\u200d🚀.png"),
    ],
)
def test_a_name_is_seen_and_turns_nothing(given_name: str, kept: str) -> None:
    assert clean_filename(given_name) == kept


def test_a_name_in_a_header_ends_no_quotes_and_no_line() -> None:
    said = disposition('a"b\\c%\u202e.png', is_inline=True)
    assert said == "inline; filename=\"a_b_c__.png\"; filename*=UTF-8''a%22b%5Cc%25%E2%80%AE.png"


@pytest.mark.parametrize(
    "name, content_type, kept",
    [
        ("a.JPG", "image/png", "a.JPG"),
        ("page.html", "image/png", "page.html.png"),
        ("IMG_1.HEIC", "image/jpeg", "IMG_1.jpg"),
        (".heic", "image/jpeg", ".heic.jpg"),
        ("file", "image/gif", "file.gif"),
        ("v1.5", "image/webp", "v1.5.webp"),
        ("x" * 200, "image/jpeg", "x" * 196 + ".jpg"),
        ("page.html", "text/html", "page.html"),
    ],
)
def test_the_name_of_a_picture_ends_like_one(name: str, content_type: str, kept: str) -> None:
    assert named_for(name, content_type) == kept


@given(st.text("bytes=-0123456789, ", max_size=20), st.integers(1, 1000))
def test_a_range_is_within_the_file(header: str, size: int) -> None:
    try:
        asked = asked_range(header, size)
    except RangeNotSatisfiable:
        return
    assert asked is None or (0 <= asked.start < asked.stop <= size and asked.step == 1)
