"""Long bodies pass at the pace of whoever is slower, may be answered before their end, or left in the middle."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System, code, settled, system
from tests.gateway.stand_ins import Exchange, head_of
from tests.gateway.wires import MIB, PIECE, Wire, post, request_head
from tests.waiting import eventually

STALLED_BYTES_MAX = 24 * MIB  # what kernels hold for two connections on this machine, and then some


# Size and pace


async def test_a_long_body_streams_through_both_ways_unchanged(whole: System) -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Transfer-Encoding: chunked"))
        async for piece in exchange.pieces():
            await exchange.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await exchange.send(b"0\r\n\r\n")

    async def take(exchange: Exchange) -> None:
        digest = hashlib.sha256()
        async for piece in exchange.pieces():
            digest.update(piece)
        await exchange.reply(200, digest.hexdigest().encode())

    async def body() -> AsyncIterator[bytes]:
        for _ in range(50 * MIB // len(PIECE)):
            yield PIECE

    whole.media.handler = take
    taken = await whole.http.post("/api/user/upload-files", content=body(), headers=whole.bearer())
    assert taken.text == hashlib.sha256(PIECE * (50 * MIB // len(PIECE))).hexdigest()


async def test_a_long_answer_streams_through_unchanged(whole: System) -> None:
    pieces = 50 * MIB // len(PIECE)

    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", f"Content-Length: {50 * MIB}"), *[PIECE] * pieces)

    whole.media.handler = answer
    digest, length = hashlib.sha256(), 0
    async with whole.http.stream("GET", "/api/files/7", headers=whole.bearer()) as got:
        async for piece in got.aiter_raw():
            digest.update(piece)
            length += len(piece)
    assert (length, digest.digest()) == (50 * MIB, hashlib.sha256(PIECE * pieces).digest())


async def test_a_slow_reader_slows_the_service_down(whole: System) -> None:
    sent = [0]

    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", f"Content-Length: {50 * MIB}"))
        for _ in range(50 * MIB // len(PIECE)):
            await exchange.send(PIECE)
            sent[0] += len(PIECE)

    whole.media.handler = answer
    async with whole.wire(receive_buffer_bytes=64 * 1024) as wire:
        await wire.send(request_head("GET", "/api/files/7", {"Host": "h", **whole.bearer()}))
        assert await settled(sent) < STALLED_BYTES_MAX
        await wire.head()
        async with asyncio.timeout(20):
            left = 50 * MIB
            while left:
                left -= len(await wire.reader.read(min(left, MIB)))
    assert sent[0] == 50 * MIB


async def test_a_slow_service_slows_the_sender_down(whole: System) -> None:
    goes_on = asyncio.Event()
    sent = [0]

    async def answer(exchange: Exchange) -> None:
        await goes_on.wait()
        await exchange.read_body()
        await exchange.reply(200, str(len(exchange.request.body)).encode())

    async def send(wire: Wire) -> None:
        for _ in range(50 * MIB // len(PIECE)):
            await wire.send(PIECE)
            sent[0] += len(PIECE)

    whole.media.handler = answer
    async with whole.wire() as wire:
        token = whole.bearer()["Authorization"]
        await wire.send(post("/api/user/upload-files", token, f"Content-Length: {50 * MIB}"))
        sending = asyncio.create_task(send(wire))
        assert await settled(sent) < STALLED_BYTES_MAX
        goes_on.set()
        assert (await wire.answer()).body == str(50 * MIB).encode()
        await sending


# Answers before the end of the request


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
async def test_an_early_answer_arrives_although_the_body_never_ends(whole: System, framing: str) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(413, b"too large")
        await exchange.read_body()

    whole.media.handler = refuse
    async with whole.wire() as wire:
        await wire.send(post("/api/user/upload-files", whole.bearer()["Authorization"], framing))
        answer = await wire.answer()
        assert (answer.status, answer.body) == (413, b"too large")


async def test_an_early_answer_arrives_although_the_service_stopped_reading(whole: System) -> None:
    sent = [0]

    async def refuse(exchange: Exchange) -> None:
        await settled(sent)
        await exchange.reply(413, b"too large")
        await asyncio.Event().wait()

    async def send_for_ever(wire: Wire) -> None:
        while True:
            await wire.send(PIECE)
            sent[0] += len(PIECE)

    whole.media.handler = refuse
    async with whole.wire() as wire:
        token = whole.bearer()["Authorization"]
        await wire.send(post("/api/user/upload-files", token, f"Content-Length: {500 * MIB}"))
        sending = asyncio.create_task(send_for_ever(wire))
        answer = await wire.answer()
        sending.cancel()
        assert (answer.status, answer.body) == (413, b"too large")


async def test_the_rest_of_a_request_that_was_answered_early_is_not_taken_for_another_persons(whole: System) -> None:
    """A connection on which a body is still owed must not carry the next request: it would vanish in that body."""

    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(413, b"too large")
        await exchange.read_body()

    whole.media.handler = refuse
    async with whole.wire() as ada:
        await ada.send(post("/api/user/upload-files", whole.bearer()["Authorization"], "Content-Length: 5000"))
        await ada.send("a" * 100)
        assert (await ada.answer()).status == 413
        whole.media.handler = whole.media.answer
        grace = await whole.http.get("/api/files", headers=whole.bearer("grace"))
        assert grace.json() == {"service": "media"}
        assert whole.media.last.header("authorization") == whole.bearer("grace")["Authorization"]


async def test_after_an_early_answer_the_clients_connection_goes_on(whole: System) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(413, b"too large")
        await exchange.read_body()

    whole.media.handler = refuse
    async with whole.wire() as wire:
        token = whole.bearer()["Authorization"]
        await wire.send(post("/api/user/upload-files", token, "Content-Length: 5000"), "a" * 100)
        assert (await wire.answer()).status == 413
        await wire.send("a" * 4900, request_head("GET", "/api/rooms", {"Host": "h", **whole.bearer()}))
        assert (await wire.answer()).json() == {"service": "chat"}


# Clients that go away


async def test_a_client_that_leaves_in_the_middle_of_an_answer_frees_the_service(
    whole: System, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Transfer-Encoding: chunked"), b"5\r\nframe\r\n")
        assert await exchange.reader.read() == b""

    whole.video.handler = answer
    async with whole.wire() as wire:
        await wire.send(request_head("GET", "/api/video/streams/desk/mjpeg", {"Host": "h", **whole.bearer()}))
        await wire.head()
        await eventually(lambda: whole.video.open)
        wire.abort()
        await eventually(lambda: not whole.video.open)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_not_taken_for_one_that_finished(
    whole: System, caplog: pytest.LogCaptureFixture
) -> None:
    for lines in (("Content-Length: 100",), ("Transfer-Encoding: chunked",)):
        async with whole.wire() as wire:
            await wire.send(post("/api/user/upload-files", whole.bearer()["Authorization"], *lines), "5\r\nhello\r\n")
            await eventually(lambda: whole.media.open)
            wire.abort()
        await eventually(lambda: not whole.media.open)
    assert [request.body for request in whole.media.requests] == [b"", b""]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_half_a_sign_in_is_not_passed_on(whole: System) -> None:
    async with whole.wire() as wire:
        await wire.send(
            "POST /api/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: 40\r\n\r\nusername=ada&password=cut"
        )
        await eventually(lambda: whole.server.server_state.tasks)
        wire.abort()
        await eventually(lambda: not whole.server.server_state.tasks)
    assert whole.requests == {}


async def test_a_rate_limited_body_may_be_chunked_and_is_passed_on_with_its_length(whole: System) -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in (b'{"username": ', b'"ada"}'):
            yield piece

    await whole.http.post("/api/user/login", content=body())
    assert whole.auth.last.body == b'{"username": "ada"}'
    assert whole.auth.last.header("content-length") == "19"
    assert whole.auth.last.header("transfer-encoding") is None


@pytest.mark.parametrize("extra_bytes, status", [(0, 200), (1, 413)])
async def test_a_rate_limited_body_has_a_limit(extra_bytes: int, status: int) -> None:
    async with system(json_body_bytes_max=1000) as whole:
        answer = await whole.http.post("/api/register", content=b"a" * (1000 + extra_bytes))
        assert answer.status_code == status
        if status == 413:
            assert code(answer) == (413, "body_too_large")
            assert whole.requests == {}
