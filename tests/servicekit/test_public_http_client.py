"""The way out, over real sockets: within time and size, and without a word about who asks."""

import asyncio
import gzip
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack

import pytest

from servicekit.public_http_client import NoResponse, ResponseEncoded, ResponseTooLarge, ResponseTooSlow
from tests.foreign_hosts import HEAD, OK, Web, Write, serving
from tests.servicekit.public_http import BYTES_MAX, WAIT_S, client, got


async def test_an_answer_comes_whole(web: Web) -> None:
    answer = await got(web.at("/a?b=c#d"), web.host)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"hello", "image/png")
    assert web.heads[0].startswith("GET /a?b=c HTTP/1.1\r\n")


async def test_a_request_tells_who_we_are_and_nothing_of_who_asks(web: Web) -> None:
    web.answers["/"] = OK.replace(b"\r\n", b"\r\nSet-Cookie: a=b\r\n", 1)
    async with client(web.host) as outgoing:
        for _ in range(2):
            await outgoing.get(web.at(), bytes_max=BYTES_MAX, deadline_s=WAIT_S, accept="image/*")
    for head in web.heads:
        fields = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
        assert fields.keys() == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
        assert fields["Host"] == web.host
        assert fields["User-Agent"].startswith("Parley")
        assert (fields["Accept"], fields["Accept-Encoding"]) == ("image/*", "identity")


# Time and size


async def drip(write: Write) -> None:
    await write(HEAD + b"Content-Length: 9000\r\n\r\n")
    while True:
        await write(b"x")
        await asyncio.sleep(0.02)


async def drip_head(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await write(b"X-More: x\r\n")
        await asyncio.sleep(0.02)


async def early_hints(write: Write) -> None:
    while True:
        await write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.02)


async def silence(_: Write) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("without_end", [drip, drip_head, early_hints, silence])
async def test_the_time_is_counted_in_all_and_not_anew_with_each_byte(
    web: Web, without_end: Callable[[Write], Coroutine[object, object, None]]
) -> None:
    web.without_end = without_end
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(ResponseTooSlow):
            await got(web.at(), web.host, deadline_s=0.3)


async def test_slow_names_count_too() -> None:
    async def resolve(_: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(ResponseTooSlow):
        await got("http://example.org/", resolve=resolve, deadline_s=0.1)


async def endless(write: Write) -> None:
    await write(HEAD + b"\r\n")
    while True:
        await write(b"x" * 10_000)


async def endless_chunks(write: Write) -> None:
    await write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")


async def endless_head(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await write(b"X-More: " + b"x" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    "without_end,refusal",
    [(endless, ResponseTooLarge), (endless_chunks, ResponseTooLarge), (endless_head, NoResponse)],
)
async def test_what_has_no_end_is_left_in_the_middle(
    web: Web, without_end: Callable[[Write], Coroutine[object, object, None]], refusal: type[Exception]
) -> None:
    web.without_end = without_end
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(refusal):
            await got(web.at(), web.host)
        await web.is_left.wait()


async def test_the_limit_of_bytes_is_the_last_size_that_comes(web: Web) -> None:
    for size, head in ((BYTES_MAX, b"Content-Length: %d\r\n" % BYTES_MAX), (BYTES_MAX, b"")):
        web.answers["/"] = HEAD + head + b"\r\n" + b"x" * size
        assert len((await got(web.at(), web.host)).body) == BYTES_MAX
    for head in (b"Content-Length: %d\r\n" % (BYTES_MAX + 1), b"Content-Length: 99999999999999\r\n", b""):
        web.answers["/"] = HEAD + head + b"\r\n" + b"x" * (BYTES_MAX + 1)
        with pytest.raises(ResponseTooLarge):
            await got(web.at(), web.host)


async def test_who_has_enough_leaves_the_rest(web: Web) -> None:
    async def endless_body(write: Write) -> None:
        await write(HEAD + b"Content-Length: 99999999999999\r\n\r\n")
        while True:
            await write(b"x" * 1000)

    web.without_end = endless_body
    seen: list[tuple[str, int]] = []

    def is_enough(headers: Mapping[str, str], body: bytearray) -> bool:
        seen.append((headers["Content-Type"], len(body)))
        return len(body) > 3_000

    async with client(web.host) as outgoing, asyncio.timeout(WAIT_S):
        answer = await outgoing.get(web.at(), bytes_max=BYTES_MAX, deadline_s=WAIT_S, is_enough=is_enough)
        assert seen[0] == ("image/png", 0)
        assert 3_000 < len(answer.body) <= BYTES_MAX
        never = await outgoing.get(web.at(), bytes_max=BYTES_MAX, deadline_s=WAIT_S, is_enough=lambda *_: False)
        assert len(never.body) == BYTES_MAX
        at_once = await outgoing.get(web.at(), bytes_max=BYTES_MAX, deadline_s=WAIT_S, is_enough=lambda *_: True)
        assert at_once.body == b""
        await web.is_left.wait()


async def test_compressed_answers_are_refused(web: Web) -> None:
    bomb = gzip.compress(b"\0" * 1_000_000)
    for encoding in (b"gzip", b"br", b"deflate, gzip", b"x-gzip"):
        web.answers["/"] = HEAD + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(bomb)) + bomb
        with pytest.raises(ResponseEncoded):
            await got(web.at(), web.host)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_not_http_or_breaks_off_is_no_answer(web: Web, answer: bytes) -> None:
    web.answers["/"] = answer
    with pytest.raises(NoResponse):
        await got(web.at(), web.host)


async def test_whom_nobody_calls_is_no_answer() -> None:
    async with serving() as gone:
        host = gone.host
    with pytest.raises(NoResponse):
        await got(f"http://{host}/", host)


async def test_many_at_once_do_not_mix(web: Web) -> None:
    async with AsyncExitStack() as stack:
        outgoing = await stack.enter_async_context(client(web.host))
        for number in range(30):
            body = b"%d" % number
            web.answers[f"/{number}"] = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
        answers = await asyncio.gather(
            *(outgoing.get(web.at(f"/{number}"), bytes_max=9, deadline_s=WAIT_S) for number in range(30))
        )
    assert [int(answer.body) for answer in answers] == list(range(30))
