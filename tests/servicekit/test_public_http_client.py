"""The way out, over real sockets: public hosts alone, at the address that was checked, within time and size."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from servicekit.public_http_client import (
    REDIRECTS_MAX,
    ForbiddenAddress,
    NoResponse,
    PublicHttpClient,
    PublicHttpResponse,
    ResponseEncoded,
    ResponseTooLarge,
    ResponseTooSlow,
    TooManyRedirects,
)
from tests.certificates import certificate_of, trusting
from tests.foreign_hosts import HEAD, OK, Web, Write, serving

BYTES_MAX = 10_000
WAIT_S = 10.0


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with serving() as started:
        yield started


@asynccontextmanager
async def client(*allowed: str, **more: object) -> AsyncIterator[PublicHttpClient]:
    outgoing = PublicHttpClient(allowed_hosts=allowed, **more)  # type: ignore[arg-type]
    try:
        yield outgoing
    finally:
        await outgoing.aclose()


async def got(
    url: str, *allowed: str, bytes_max: int = BYTES_MAX, deadline_s: float = WAIT_S, **more: object
) -> PublicHttpResponse:
    async with client(*allowed, **more) as outgoing:
        return await outgoing.get(url, bytes_max=bytes_max, deadline_s=deadline_s)


def resolving(*addresses: str) -> Callable[[str], Awaitable[list[str]]]:
    """Whatever the name."""

    async def resolve(_: str) -> list[str]:
        return list(addresses)

    return resolve


def redirect(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


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


# Where it leads


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://localhost/",
        "http://localhost./",
        "http://127.0.0.1./",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.168.1.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:db8::1]/",
        "https://127.0.0.1/",
    ],
)
async def test_no_private_address_is_asked_however_it_is_written(url: str) -> None:
    with pytest.raises((ForbiddenAddress, NoResponse)) as refused:  # some systems know no such spelling
        await got(url)
    assert "reached" not in str(refused.value)  # nobody was called


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "javascript:alert(1)",
        "//example.org/",
        "example.org",
        "http:///a",
        "http://",
        "",
        "http://[::1",
        "http://ada:secret@example.org/",
        "http://ada@example.org/",
        "http://@127.0.0.1@example.org/",
        "http://example.org:22/",
        "http://example.org:6379/",
        "http://example.org\x00/",
        "http://\uff11\uff12\uff17.0.0.1/",
    ],
)
async def test_what_is_no_plain_web_address_is_not_resolved(url: str) -> None:
    async def resolve(name: str) -> list[str]:
        raise AssertionError(name)

    with pytest.raises(ForbiddenAddress):
        await got(url, resolve=resolve)


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("::1",), ("::ffff:10.0.0.1",)])
async def test_a_name_with_a_private_address_is_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(ForbiddenAddress):
        await got("http://example.org/", resolve=resolving(*addresses))


@pytest.mark.parametrize("addresses", [(), ("no address",)])
async def test_a_name_without_an_address_has_no_answer(addresses: tuple[str, ...]) -> None:
    with pytest.raises(NoResponse):
        await got("http://example.org/", resolve=resolving(*addresses))


async def test_an_answer_of_dns_that_changes_after_the_check_changes_nothing(web: Web) -> None:
    """The first answer was checked: that is where the connection goes, and nobody asks again."""
    asked = count()

    async def resolve(_: str) -> list[str]:
        return ["127.0.0.1" if next(asked) == 0 else "127.0.0.9"]

    name = f"changing.example:{web.port}"
    answer = await got(web.at(name="changing.example"), name, resolve=resolve)
    assert answer.body == b"hello"
    assert next(asked) == 1
    assert f"Host: {name}" in web.heads[0]


async def test_each_redirect_is_checked_again(web: Web) -> None:
    for target in (
        "http://127.0.0.1/",
        "http://localhost:22/",
        "file:///etc/passwd",
        "http://a@example.org/",
        "//[::1]/",
    ):
        web.answers["/"] = redirect(target)
        with pytest.raises(ForbiddenAddress):
            await got(web.at(), web.host)


async def test_a_name_is_resolved_again_for_each_redirect(web: Web) -> None:
    web.answers["/"] = redirect("/next")
    addresses = [["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(_: str) -> list[str]:
        return addresses.pop(0)

    answer = got(web.at(name="a.example"), f"a.example:{web.port}", resolve=resolve, deadline_s=0.5)
    with pytest.raises((NoResponse, ResponseTooSlow)):  # allowed, so it was called where it is by now: nobody is there
        await answer
    assert (addresses, len(web.heads)) == ([], 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_up_to_the_limit(web: Web, status: int) -> None:
    for number in range(REDIRECTS_MAX):
        web.answers[f"/{number}"] = redirect(f"/{number + 1}", status)
    answer = await got(web.at("/0"), web.host)
    assert (answer.body, answer.url) == (b"hello", web.at(f"/{REDIRECTS_MAX}"))
    web.answers[f"/{REDIRECTS_MAX}"] = redirect("/end")
    with pytest.raises(TooManyRedirects):
        await got(web.at("/0"), web.host)


async def test_an_allowed_host_is_that_host_at_that_port(web: Web) -> None:
    for allowed in ("127.0.0.1", f"localhost:{web.port}", "127.0.0.1:80"):
        with pytest.raises(ForbiddenAddress):
            await got(web.at(), allowed)
    assert (await got(web.at(name="LocalHost"), f"localhost:{web.port}", resolve=resolving("127.0.0.1"))).status == 200


async def test_the_next_address_is_tried_where_one_is_not_reached(web: Web) -> None:
    name = f"two.example:{web.port}"
    answer = await got(web.at(name="two.example"), name, resolve=resolving("127.0.0.9", "127.0.0.1"))
    assert answer.body == b"hello"


async def test_international_names_are_asked_in_ascii(web: Web) -> None:
    asked: list[str] = []

    async def resolve(name: str) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"]

    name = f"xn--bcher-kva.example:{web.port}"
    await got(web.at(name="bücher.example."), name, resolve=resolve)
    assert asked == ["xn--bcher-kva.example"]
    assert f"Host: {name}" in web.heads[0]


async def test_tls_proves_the_name_though_the_address_is_called(tmp_path: Path) -> None:
    authority, server_tls = certificate_of("good.example", tmp_path)
    async with serving(server_tls) as web:
        names: Any = {"resolve": resolving("127.0.0.1"), "tls": trusting(authority)}
        allowed = [f"good.example:{web.port}", f"evil.example:{web.port}"]
        assert (await got(f"https://{allowed[0]}/", *allowed, **names)).body == b"hello"
        with pytest.raises(NoResponse, match="CERTIFICATE_VERIFY_FAILED"):
            await got(f"https://{allowed[1]}/", *allowed, **names)
        with pytest.raises(NoResponse, match="CERTIFICATE_VERIFY_FAILED"):  # good, of an authority that nobody knows
            await got(f"https://{allowed[0]}/", *allowed, resolve=resolving("127.0.0.1"))


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
