"""Forms with files: what is read of them before they are passed on."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.streamed_forms import StreamedForm
from servicekit.problems import BodyTooLarge, Malformed

TYPE = "multipart/form-data; boundary=a-boundary"
FIELDS_BYTES_MAX = 1_000


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    named = f'name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
    return b"--a-boundary\r\nContent-Disposition: form-data; " + named.encode() + b"\r\n\r\n" + value + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--a-boundary--\r\n"


def form(content: bytes, *, piece_bytes: int = 64) -> StreamedForm:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), piece_bytes):
            yield content[start : start + piece_bytes]

    return StreamedForm(TYPE, pieces(), fields_bytes_max=FIELDS_BYTES_MAX)


async def test_fields_without_a_file_are_read_to_the_end() -> None:
    read = form(body(part("message", "Grüße".encode()), part("files", b"", ""), part("nonce", b"n")))
    await read.read_fields()
    assert not read.has_files
    assert read.fields == {"message": "Grüße", "nonce": "n"}


@given(piece_bytes=st.integers(1, 400))
async def test_the_whole_body_is_passed_on_as_it_came(piece_bytes: int) -> None:
    content = body(part("message", b"Look"), part("files", b"\x89PNG" * 300, "a.png"), part("reply_to", b"7"))
    read = form(content, piece_bytes=piece_bytes)
    await read.read_fields()
    assert read.has_files
    assert read.fields["message"] == "Look"
    assert b"".join([piece async for piece in read.whole()]) == content
    assert read.fields == {"message": "Look", "reply_to": "7"}


async def test_the_file_is_not_read_before_it_is_wanted() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b"--a-boundary\r\nContent-Disposition: form-data; name=files; filename=a.png\r\n\r\n"
        while True:
            taken += 1
            yield b"\0" * 65_536

    read = StreamedForm(TYPE, endless(), fields_bytes_max=FIELDS_BYTES_MAX)
    await read.read_fields()
    assert (read.has_files, taken) == (True, 0)


@pytest.mark.parametrize("size, fits", [(FIELDS_BYTES_MAX - 7, True), (FIELDS_BYTES_MAX - 6, False)])
async def test_fields_have_a_limit(size: int, *, fits: bool) -> None:
    read = form(body(part("message", b"a" * size)))
    if fits:
        await read.read_fields()
        assert len(read.fields["message"]) == size
    else:
        with pytest.raises(BodyTooLarge):
            await read.read_fields()


async def test_what_is_no_field_and_no_file_has_a_limit_too() -> None:
    with pytest.raises(BodyTooLarge):
        await form(body(part("files", b"\0" * 2_000_000, "")), piece_bytes=65_536).read_fields()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing of the kind",
        part("message", b"no end"),
        body(part("message", b"\xff")),
        b"--a-boundary\r\n" + b"a" * 9000,
    ],
)
async def test_what_is_no_form_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        await form(content).read_fields()


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/mixed; boundary=x", ""])
def test_a_body_of_another_kind_is_refused(content_type: str) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    with pytest.raises(Malformed):
        StreamedForm(content_type, nothing(), fields_bytes_max=1)
