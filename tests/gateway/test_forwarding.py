"""One request there and its answer back: whole, in order and once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System, code
from tests.gateway.stand_ins import Exchange, head_of
from tests.gateway.wires import PIECE, post, request_head


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
async def test_methods_and_queries_arrive_as_they_were_sent(whole: System, method: str) -> None:
    target = "/api/rooms/%C3%A9t%C3%A9%2Fbar%20x;y=1,2?a=%26&b=c+d&b=&=x&%zz"
    answer = await whole.http.request(method, target.replace("%zz", "~"), headers=whole.bearer())
    assert answer.status_code == 200
    assert (whole.chat.last.method, whole.chat.last.target) == (method, target.replace("%zz", "~"))


@pytest.mark.parametrize("body", [b"", b"x", b"{}", bytes(range(256)) * 1024])
async def test_a_body_of_known_length_arrives_whole(whole: System, body: bytes) -> None:
    await whole.http.post("/api/save-chat", content=body, headers=whole.bearer())
    assert whole.chat.last.body == body
    assert whole.chat.last.header("content-length") == str(len(body))
    assert whole.chat.last.header("transfer-encoding") is None


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"hello", b", ", b"Grace"], [PIECE] * 8])
async def test_a_body_in_chunks_arrives_whole(whole: System, pieces: list[bytes]) -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    answer = await whole.http.post("/api/save-chat", content=body(), headers=whole.bearer())
    assert answer.status_code == 200
    assert whole.chat.last.body == b"".join(pieces)
    assert whole.chat.last.header("content-length") is None


async def test_chunk_extensions_and_trailers_end_at_the_gateway(whole: System) -> None:
    async with whole.wire() as wire:
        await wire.send(
            post("/api/save-chat", whole.bearer()["Authorization"], "Transfer-Encoding: chunked"),
            "5;x=y\r\nhello\r\n0\r\nX-User: grace\r\nAuthorization: Bearer other\r\n\r\n",
        )
        assert (await wire.answer()).status == 200
    assert whole.chat.last.body == b"hello"
    assert whole.chat.last.header("x-user") is None
    assert whole.chat.last.header("authorization") == whole.bearer()["Authorization"]


async def test_a_request_without_a_body_announces_none(whole: System) -> None:
    await whole.http.get("/api/users", headers=whole.bearer())
    assert not {"content-length", "transfer-encoding"} & set(whole.auth.last.names())


@pytest.mark.parametrize("pieces", [[], [b"x"], [b"hello", b", ", b"Ada"], [PIECE] * 8])
async def test_an_answer_in_chunks_arrives_whole(whole: System, pieces: list[bytes]) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Transfer-Encoding: chunked"))
        await exchange.send(*(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces), b"0\r\nX-Trailer: 1\r\n\r\n")

    whole.auth.handler = answer
    for _ in range(2):
        assert (await whole.http.get("/api/users", headers=whole.bearer())).content == b"".join(pieces)
    assert whole.auth.dialled - 1 <= 1  # besides the keys: the connection was used again


async def test_an_answer_in_single_bytes_arrives_whole(whole: System) -> None:
    whole_answer = head_of("203 Odd", "Content-Length: 5", "X-One: 1") + b"hello"

    async def answer(exchange: Exchange) -> None:
        for byte in whole_answer:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(0)

    whole.chat.handler = answer
    got = await whole.http.get("/api/rooms", headers=whole.bearer())
    assert (got.status_code, got.headers["x-one"], got.content) == (203, "1", b"hello")


async def test_pieces_of_a_long_answer_arrive_as_they_are_made(whole: System) -> None:
    more = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Transfer-Encoding: chunked"))
        await more.wait()
        more.clear()
        await exchange.send(b"5\r\nfirst\r\n")
        await more.wait()
        await exchange.send(b"4\r\nlast\r\n0\r\n\r\n")

    whole.video.handler = answer
    async with whole.wire() as wire:
        await wire.send(request_head("GET", "/api/video/streams/desk/mjpeg", {"Host": "h", **whole.bearer()}))
        status, _ = await wire.head()
        assert status == 200
        chunks = wire.chunks()
        more.set()
        assert await anext(chunks) == b"first"
        more.set()
        assert await anext(chunks) == b"last"
        assert [piece async for piece in chunks] == []


@pytest.mark.parametrize(
    "head",
    [
        head_of("200 OK", "Content-Length: 1000000"),
        head_of("200 OK", "Transfer-Encoding: chunked"),
        head_of("200 OK", "Content-Length: 0"),
        head_of("404 Not Found", "Content-Length: 9"),
    ],
)
async def test_an_answer_to_head_has_no_body_and_the_connection_goes_on(whole: System, head: bytes) -> None:
    async def answer(exchange: Exchange) -> None:
        if exchange.request.method == "HEAD":
            await exchange.send(head)
        else:
            await exchange.reply(200, b"whole")

    whole.media.handler = answer
    async with whole.wire() as wire:
        for _ in range(2):
            await wire.send(request_head("HEAD", "/api/files/7", {"Host": "h", **whole.bearer()}))
            answered = await wire.answer("HEAD")
            assert str(answered.status).encode() in head
            assert (answered.header("content-length") or "").encode() in head
            await wire.send(request_head("GET", "/api/files/7", {"Host": "h", **whole.bearer()}))
            assert (await wire.answer()).body == b"whole"
    assert whole.media.dialled == 1


@pytest.mark.parametrize(
    "head",
    [
        head_of("204 No Content"),
        head_of("304 Not Modified", 'ETag: "1"'),
        head_of("304 Not Modified", "Content-Length: 1234"),
        head_of("204 No Content", "Content-Length: 0"),
    ],
)
async def test_an_answer_that_has_no_body_by_its_status_leaves_the_connection_good(whole: System, head: bytes) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(head)

    whole.media.handler = answer
    async with whole.wire() as wire:
        for _ in range(2):
            await wire.send(request_head("GET", "/api/files/7", {"Host": "h", **whole.bearer()}))
            answered = await wire.answer()
            assert str(answered.status).encode() in head
            assert answered.header("transfer-encoding") is None
        whole.media.handler = whole.media.answer
        await wire.send(request_head("GET", "/api/files/7", {"Host": "h", **whole.bearer()}))
        assert (await wire.answer()).json() == {"service": "media"}
    assert whole.media.dialled == 1


async def test_interim_answers_are_not_taken_for_the_answer(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.send(head_of("100 Continue"), head_of("103 Early Hints", "Link: </a.css>", "X-Early: 1"))
        await exchange.reply(200, b"done")

    whole.chat.handler = answer
    got = await whole.http.post("/api/save-chat", content=b"x", headers=whole.bearer())
    assert (got.status_code, got.content) == (200, b"done")
    assert "x-early" not in got.headers


async def test_who_waits_for_100_continue_is_told_to_go_on(whole: System) -> None:
    async with whole.wire() as wire:
        token = whole.bearer()["Authorization"]
        await wire.send(post("/api/save-chat", token, "Content-Length: 5", "Expect: 100-continue"))
        assert (await wire.head())[0] == 100
        await wire.send("hello")
        assert (await wire.answer()).status == 200
    assert whole.chat.last.body == b"hello"
    assert whole.chat.last.header("expect") is None


async def test_who_may_not_pass_is_not_asked_for_the_body(whole: System) -> None:
    async with whole.wire() as wire:
        await wire.send(post("/api/save-chat", "Bearer none", "Content-Length: 5", "Expect: 100-continue"))
        assert code(await wire.answer()) == (401, "unauthenticated")


async def test_pipelined_requests_are_answered_in_order_and_each_once(whole: System) -> None:
    token = whole.bearer()["Authorization"]
    async with whole.wire() as wire:
        await wire.send(
            request_head("GET", "/api/rooms", {"Host": "h", "Authorization": token})
            + post("/api/save-chat", token, "Content-Length: 5")
            + "hello"
            + request_head("GET", "/nothing", {"Host": "h"})
            + request_head("GET", "/api/files", {"Host": "h", "Authorization": token})
        )
        answers = [await wire.answer() for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 404, 200]
    assert [request.target for request in whole.chat.requests] == ["/api/rooms", "/api/save-chat"]
    assert whole.chat.requests[1].body == b"hello"
    assert len(whole.media.requests) == 1


async def test_many_requests_at_once_each_get_their_own_answer(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        for _ in range(hash(exchange.request.target) % 20):
            await asyncio.sleep(0)
        await exchange.reply(200, exchange.request.target.encode())

    whole.chat.handler = answer
    targets = [f"/api/messages/grace/{number}" for number in range(200)]
    answers = await asyncio.gather(*(whole.http.get(target, headers=whole.bearer()) for target in targets))
    assert [answer.text for answer in answers] == targets
