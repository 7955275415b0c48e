"""What is forwarded without a task: the same answers, whatever the service says in whatever pieces."""

import asyncio

import pytest

from tests.gateway.gateways import System, code, get, keep_connection, system
from tests.gateway.stand_ins import NO_ANSWERS, Exchange, head_of, sending
from tests.waiting import eventually

BIG = bytes(range(256)) * 4096


async def test_nothing_runs_while_the_service_thinks(kept: System, held: asyncio.Event) -> None:
    async with kept.wire() as wire:
        await wire.send(get(kept))
        await eventually(lambda: kept.chat.requests)
        assert not kept.server.server_state.tasks
        held.set()
        assert (await wire.answer()).body == b"/api/rooms"
    assert kept.chat.dialled == 1


async def test_a_fresh_connection_takes_a_task(whole: System) -> None:
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def answer_then(exchange: Exchange) -> None:
        arrived.set()
        await goes_on.wait()
        await exchange.reply(200)

    whole.chat.handler = answer_then
    async with whole.wire() as wire:
        await wire.send(get(whole))
        await arrived.wait()
        assert len(whole.server.server_state.tasks) == 1
        goes_on.set()
        assert (await wire.answer()).status == 200


async def test_an_answer_in_single_bytes_arrives_whole(kept: System) -> None:
    whole_answer = head_of("203 Odd", "Content-Length: 5", "X-One: 1") + b"hello"
    kept.chat.handler = sending(*(bytes([byte]) for byte in whole_answer))
    async with kept.wire() as wire:
        await wire.send(get(kept))
        answer = await wire.answer()
    assert (answer.status, answer.header("x-one"), answer.body) == (203, "1", b"hello")
    assert answer.header("x-frame-options") == "DENY"


@pytest.mark.parametrize("size", [0, 1, 1000, 64 * 1024, len(BIG)])
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_an_answer_of_any_size_arrives_whole(kept: System, size: int, is_chunked: bool) -> None:
    body = BIG[:size]
    if is_chunked:
        framed = head_of("200 OK", "Transfer-Encoding: chunked") + (b"%x\r\n%b\r\n" % (size, body) if size else b"")
        framed += b"0\r\n\r\n"
    else:
        framed = head_of("200 OK", f"Content-Length: {size}") + body
    kept.chat.handler = sending(framed)
    async with kept.wire() as wire:
        await wire.send(get(kept))
        assert (await wire.answer()).body == body


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_a_body_has_none(kept: System, status: str) -> None:
    kept.chat.handler = sending(head_of(status, "ETag: x"))
    async with kept.wire() as wire:
        await wire.send(get(kept))
        answer = await wire.answer()
        assert answer.header("content-length") is None
        kept.chat.handler = kept.chat.answer
        await wire.send(get(kept))
        assert (await wire.answer()).json() == {"service": "chat"}


async def test_head_gets_no_length_where_there_is_none(kept: System) -> None:
    kept.chat.handler = sending(head_of("200 OK", "Transfer-Encoding: chunked"))
    async with kept.wire() as wire:
        await wire.send(get(kept, method="HEAD"))
        assert (await wire.answer("HEAD")).header("content-length") is None


async def test_head_gets_the_length_and_no_body(kept: System) -> None:
    kept.chat.handler = sending(head_of("200 OK", "Content-Length: 5000"))
    async with kept.wire() as wire:
        await wire.send(get(kept, method="HEAD"))
        answer = await wire.answer("HEAD")
        assert answer.header("content-length") == "5000"
        kept.chat.handler = kept.chat.answer
        await wire.send(get(kept))
        assert (await wire.answer()).json() == {"service": "chat"}


@pytest.mark.parametrize("answer", NO_ANSWERS)
async def test_an_answer_that_is_none_is_a_502(kept: System, answer: bytes) -> None:
    kept.chat.handler = sending(answer)
    async with kept.wire() as wire:
        await wire.send(get(kept, method="GET"))
        assert code(await wire.answer()) == (502, "bad_gateway")
    assert len(kept.chat.requests) == 2  # sent again once, since the first had a connection that may have been dead
    kept.chat.handler = kept.chat.answer
    await keep_connection(kept)


@pytest.mark.parametrize(
    "pieces",
    [
        [head_of("200 OK", "Content-Length: 10") + b"half"],
        [head_of("200 OK", "Content-Length: 10"), b"half"],
        [head_of("200 OK"), b"half: without a length nobody can tell that it is whole"],
        [head_of("200 OK", "Transfer-Encoding: chunked"), b"4\r\nhalf\r\n"],
    ],
)
async def test_an_answer_that_breaks_off_is_cut_off_and_never_looks_whole(kept: System, pieces: list[bytes]) -> None:
    goes_on = asyncio.Event()

    async def break_off(exchange: Exchange) -> None:
        await exchange.send(pieces[0])
        await goes_on.wait()
        await exchange.send(*pieces[1:])
        exchange.close()

    kept.chat.handler = break_off
    async with kept.wire() as wire:
        await wire.send(get(kept))
        assert (await wire.head())[0] == 200
        goes_on.set()
        body = await wire.rest()
    assert b"half" in body
    assert not body.endswith(b"0\r\n\r\n")


async def test_a_service_that_says_nothing_is_a_504() -> None:
    async def silence(exchange: Exchange) -> None:
        await exchange.reader.read()

    async with system(answer_timeout_s=0.1) as whole:
        await keep_connection(whole)
        whole.chat.handler = silence
        answer = await whole.http.get("/api/rooms", headers=whole.bearer())
        assert code(answer) == (504, "gateway_timeout")
        await eventually(lambda: not whole.chat.open)
        assert len(whole.chat.requests) == 1


async def test_who_takes_nothing_is_waited_for(kept: System) -> None:
    """The answers come whole, but the client's connection is full of those before."""

    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, BIG)

    kept.chat.handler = answer
    async with kept.wire(receive_buffer_bytes=4096) as wire:
        await wire.send(get(kept) * 12)
        async with asyncio.timeout(20):
            for _ in range(12):
                assert (await wire.answer()).body == BIG
