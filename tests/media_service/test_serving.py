"""Serving: RFC 9110's conditional and partial answers, and headers that keep a picture a picture."""

import asyncio
import re
import socket
from contextlib import ExitStack

import pytest
from PIL import Image

from media_service.actions.files import REMEMBERED_S
from tests.asgi import WAIT_S_MAX
from tests.media_service.cleaning.pictures import encoded
from tests.media_service.gallery import PICTURE, Galleries, Gallery, form, part
from tests.problems import code

LARGE_BYTES_MIN = 8 * 1024 * 1024


def large_picture() -> bytes:
    noise = Image.effect_noise((1800, 1600), 100)
    return encoded(
        Image.merge("RGB", (noise, noise.rotate(90, expand=False), noise.rotate(180))), "PNG", compress_level=0
    )


@pytest.fixture(scope="module")
def media(common: Gallery) -> Gallery:
    return common


@pytest.fixture
async def path(media: Gallery) -> str:
    return await media.keep()


async def test_a_picture_comes_with_what_keeps_it_a_picture(media: Gallery, path: str) -> None:
    answer = await media.get("Ada", path)
    assert answer.status_code == 200
    assert answer.content == PICTURE
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == str(len(PICTURE))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["content-disposition"] == 'inline; filename="1.jpg"'
    assert headers["cache-control"] == "private, no-cache"
    assert headers["accept-ranges"] == "bytes"
    assert re.fullmatch(r'"[0-9a-f]{32}"', headers["etag"])


async def test_a_name_that_is_not_ascii_is_said_in_utf8_too(media: Gallery) -> None:
    (file,) = await media.upload("Ada", ('Grüße; "x".png', PICTURE))
    said = (await media.get("Ada", file["url"])).headers["content-disposition"]
    assert said.startswith('inline; filename="')
    assert "filename*=UTF-8''Gr%C3%BC%C3%9Fe%3B%20" in said


async def test_what_is_known_is_not_sent_again(media: Gallery, path: str) -> None:
    for one in (path, f"{path}/thumbnail", f"{path}/thumbnail?size=1024"):
        etag = (await media.get("Ada", one)).headers["etag"]
        for known in (etag, f"W/{etag}", f'"a", W/{etag} , "b"', f'"a",{etag}', "*"):
            answer = await media.get("Ada", one, If_None_Match=known)
            assert (answer.status_code, answer.content) == (304, b""), known
            assert answer.headers["etag"] == etag
            assert "cache-control" in answer.headers
            assert (await media.request("Ada", "HEAD", one, headers={"If-None-Match": known})).status_code == 304
        for unknown in ('"something else"', etag.strip('"'), "", etag[:-2] + '"'):
            assert (await media.get("Ada", one, If_None_Match=unknown)).status_code == 200, unknown
    etags = {
        (await media.get("Ada", one)).headers["etag"]
        for one in (path, f"{path}/thumbnail", f"{path}/thumbnail?size=1024")
    }
    assert len(etags) == 3


@pytest.mark.parametrize(
    "asked, part_",
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=-99999999", slice(None)),
        ("bytes=100-99999999", slice(100, None)),
        ("BYTES=1-2", slice(1, 3)),
    ],
)
async def test_a_part_is_sent_as_a_part(media: Gallery, path: str, asked: str, part_: slice) -> None:
    answer = await media.get("Ada", path, Range=asked)
    first, stop, _ = part_.indices(len(PICTURE))
    assert (answer.status_code, answer.content) == (206, PICTURE[part_])
    assert answer.headers["content-range"] == f"bytes {first}-{stop - 1}/{len(PICTURE)}"
    assert answer.headers["content-length"] == str(stop - first)


@pytest.mark.parametrize("asked", [f"bytes={len(PICTURE)}-", "bytes=99999999-", "bytes=-0"])
async def test_a_part_that_is_not_there_is_refused_with_the_size(media: Gallery, path: str, asked: str) -> None:
    answer = await media.get("Ada", path, Range=asked)
    assert code(answer) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(PICTURE)}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,4-5",
        "bytes=5-4",
        "bytes=-",
        "bytes=a-b",
        "lines=1-2",
        "",
        "bytes=²-3",
        f"bytes={'9' * 5000}-",
        "bytes 0-1",
    ],
)
async def test_a_range_that_is_none_or_several_gets_all(media: Gallery, path: str, asked: str) -> None:
    headers = {b"Range": asked.encode("latin-1")}
    answer = await media.request("Ada", "GET", path, headers=headers)
    assert (answer.status_code, answer.content) == (200, PICTURE)


async def test_who_wants_one_version_alone_gets_no_other(media: Gallery, path: str) -> None:
    for one in (path, f"{path}/thumbnail"):
        etag = (await media.get("Ada", one)).headers["etag"]
        for wanted in (etag, f'"other", {etag}', "*"):
            assert (await media.get("Ada", one, If_Match=wanted)).status_code == 200
        for wanted in ('"other"', f"W/{etag}", ""):
            assert code(await media.get("Ada", one, If_Match=wanted, If_None_Match=etag)) == (412, "another_version")


async def test_a_part_is_only_of_the_version_that_is_meant(media: Gallery, path: str) -> None:
    etag = (await media.get("Ada", path)).headers["etag"]
    assert (await media.get("Ada", path, Range="bytes=0-4", If_Range=etag)).status_code == 206
    for other in (f"W/{etag}", '"other"', "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert (await media.get("Ada", path, Range="bytes=0-4", If_Range=other)).content == PICTURE


async def test_head_tells_the_same_without_the_bytes(media: Gallery, path: str) -> None:
    for one in (path, f"{path}/thumbnail"):
        got = await media.get("Ada", one)
        head = await media.request("Ada", "HEAD", one, headers={"Range": "bytes=0-1"})
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "content-security-policy", "accept-ranges"):
            assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    "query, expected",
    [("", 320), ("size=320", 320), ("size=1", 320), ("size=321", 1024), ("size=1024", 1024), ("size=4000", 1024)],
)
async def test_a_thumbnail_is_just_as_large_as_is_needed(media: Gallery, query: str, expected: int) -> None:
    path = await media.keep("Ada", encoded(Image.new("RGB", (2000, 1000)), "PNG"))
    answer = await media.get("Ada", f"{path}/thumbnail?{query}")
    assert answer.headers["content-type"] == "image/webp"
    known = {320: "-320", 1024: "-1024"}[expected]
    assert answer.headers["etag"].strip('"').endswith(known)


@pytest.mark.parametrize("size", ["x", "0", "-1", "99999999999999999999", "320px", ""])
async def test_a_size_that_is_none_is_refused(media: Gallery, path: str, size: str) -> None:
    answer = await media.get("Ada", f"{path}/thumbnail?size={size}")
    assert code(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "size"


async def test_a_large_file_comes_whole_and_in_parts(media: Gallery) -> None:
    data = large_picture()
    assert len(data) > LARGE_BYTES_MIN
    path = await media.keep("Ada", data)
    assert (await media.get("Ada", path)).content == data
    middle = len(data) // 2
    answer = await media.get("Ada", path, Range=f"bytes={middle}-{middle + 1_500_000}")
    assert answer.content == data[middle : middle + 1_500_001]


async def test_a_file_that_goes_while_it_is_read_ends_the_answer_early_and_is_no_fault(
    media: Gallery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR", logger="uvicorn.error")
    data = large_picture()
    path = await media.keep("Ada", data)
    with slow_line(media) as line:
        await asyncio.get_running_loop().sock_sendall(line, request(media, path))
        async with asyncio.timeout(WAIT_S_MAX):
            assert b" 200 " in await asyncio.get_running_loop().sock_recv(line, 100)
            assert (await media.request("Ada", "DELETE", path)).status_code == 204
            rest = b""
            while piece := await asyncio.get_running_loop().sock_recv(line, 1024 * 1024):
                rest += piece
        assert len(rest) < len(data)
    assert not [record for record in caplog.records if record.exc_info]


def slow_line(media: Gallery) -> socket.socket:
    """A connection whose end takes little at a time."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    line.connect(("127.0.0.1", media.port))
    line.setblocking(False)
    return line


def request(media: Gallery, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {media.auth.token('Ada')}\r\n\r\n".encode()


async def test_nobody_waits_for_a_slow_reader(media: Gallery, path: str) -> None:
    large = await media.keep("Ada", large_picture())
    with ExitStack() as lines:
        for _ in range(4):
            line = lines.enter_context(slow_line(media))
            await asyncio.get_running_loop().sock_sendall(line, request(media, large))
        async with asyncio.timeout(WAIT_S_MAX):
            assert (await media.get("Ada", path)).content == PICTURE
            assert (await media.send(form(part(PICTURE)))).status_code == 200


async def test_other_methods_and_paths_are_told_apart(media: Gallery, path: str) -> None:
    answer = await media.request("Ada", "PUT", path)
    assert code(answer) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "DELETE"}
    for unknown in ("/api/files/unknown", f"{path}x", f"{path}/other", "/api/files/%2e%2e", "/api/files/" + "x" * 5000):
        assert (await media.get("Ada", unknown)).status_code == 404
    assert code(await media.get("", path)) == (401, "unauthenticated")
    assert code(await media.get("", f"{path}/thumbnail")) == (401, "unauthenticated")


@pytest.mark.parametrize("more", ["", "/thumbnail"])
async def test_a_file_that_goes_while_it_is_asked_for_is_not_found(galleries: Galleries, more: str) -> None:
    async with galleries() as media:
        path = await media.keep()

        async def remove() -> None:
            assert (await media.request("Ada", "DELETE", path)).status_code == 204

        media.chat.readers.add(("Grace", path.rpartition("/")[2]))
        assert await media.status("Grace", path + more) == 200
        media.clock.now += REMEMBERED_S
        media.chat.meanwhile = remove  # between the look whether it is there and the look who may see it
        assert code(await media.get("Grace", path + more)) == (404, "unknown_file")
