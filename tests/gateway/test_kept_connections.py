"""Connections to services are kept for the next request, which never pays for one that has gone bad."""

import asyncio

import pytest

from gateway.upstream import Upstream
from tests.gateway.gateways import System, code, system
from tests.gateway.stand_ins import Exchange, Service, head_of, sending, started
from tests.gateway.wires import request_head
from tests.waiting import eventually


async def test_a_connection_is_used_again(whole: System) -> None:
    for _ in range(5):
        await whole.http.get("/api/files", headers=whole.bearer())
        await whole.http.post("/api/user/upload-files", headers=whole.bearer(), content=b"x")
    assert whole.media.dialled == 1


async def test_a_connection_that_the_service_wants_to_close_is_not_used_again(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, b"bye", Connection="close")

    whole.media.handler = answer
    for _ in range(3):
        assert (await whole.http.get("/api/files", headers=whole.bearer())).text == "bye"
    assert whole.media.dialled == 3


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_a_harmless_request_on_a_dead_connection_is_sent_again(whole: System, method: str) -> None:
    async def dies_when_asked_again(exchange: Exchange) -> None:
        if len(whole.chat.requests) == 2:
            exchange.abort()
        else:
            await exchange.reply(200, b"alive")

    whole.chat.handler = dies_when_asked_again
    await whole.http.get("/api/rooms", headers=whole.bearer())
    answer = await whole.http.request(method, "/api/rooms/lobby", headers=whole.bearer())
    assert answer.status_code == 200
    assert [request.method for request in whole.chat.requests] == ["GET", method, method]


@pytest.mark.parametrize("method, content", [("POST", None), ("PATCH", None), ("POST", b"x"), ("PUT", b"x")])
async def test_a_request_that_may_have_had_an_effect_is_never_sent_twice(
    whole: System, method: str, content: bytes | None
) -> None:
    async def dies_when_asked_again(exchange: Exchange) -> None:
        await exchange.read_body()
        if len(whole.chat.requests) == 2:
            exchange.abort()
        else:
            await exchange.reply(200, b"alive")

    whole.chat.handler = dies_when_asked_again
    await whole.http.get("/api/rooms", headers=whole.bearer())
    answer = await whole.http.request(method, "/api/rooms/lobby", headers=whole.bearer(), content=content)
    assert code(answer) == (502, "bad_gateway")
    assert [request.method for request in whole.chat.requests] == ["GET", method]


async def test_a_service_that_breaks_a_fresh_connection_is_not_asked_again_and_again(whole: System) -> None:
    whole.chat.handler = sending()
    assert code(await whole.http.get("/api/rooms", headers=whole.bearer())) == (502, "bad_gateway")
    assert len(whole.chat.requests) == 1


async def test_a_service_that_hangs_up_at_once_is_a_502(whole: System) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with system(video_url=url) as other:
        for _ in range(20):
            assert code(await other.http.get("/api/video/x", headers=other.bearer())) == (502, "bad_gateway")
    server.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_closed_right_after_an_answer_is_left_alone(whole: System, method: str) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, b"bye")
        exchange.close()

    whole.chat.handler = answer
    for number in range(20):
        answered = await whole.http.request(method, "/api/rooms", headers=whole.bearer())
        assert answered.status_code == 200
        await eventually(lambda: not whole.chat.open)
        assert (await whole.http.get("/healthz")).status_code == 200  # the gateway has read on since
        assert whole.chat.dialled == number + 1


@pytest.mark.parametrize(
    "unasked", [head_of("408 Request Timeout", "Content-Length: 0"), b"HTTP/1.1 200 O", b"garbage", b"\r\n"]
)
async def test_what_a_service_says_unasked_is_nobodys_answer(whole: System, unasked: bytes) -> None:
    is_answered = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, exchange.request.target.encode())
        await is_answered.wait()
        is_answered.clear()
        await exchange.send(unasked)

    whole.chat.handler = answer
    for number in range(3):
        target = f"/api/messages/grace/{number}"
        assert (await whole.http.get(target, headers=whole.bearer())).text == target
        is_answered.set()
        await eventually(lambda: not whole.chat.open)
    assert whole.chat.dialled == 3


async def test_what_follows_an_answer_at_once_is_nobodys_answer(whole: System) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Content-Length: 2") + b"ok" + b"garbage")

    whole.chat.handler = answer
    for _ in range(3):
        assert (await whole.http.get("/api/rooms", headers=whole.bearer())).text == "ok"
    assert whole.chat.dialled == 3


async def ask(upstream: Upstream) -> None:
    connection = await upstream.ask("GET", request_head("GET", "/api/rooms", {"Host": "h"}).encode())
    assert await connection.whole_body() == b'{"service": "chat"}'
    connection.done()


async def test_a_connection_that_was_idle_for_long_is_given_up() -> None:
    service = Service("chat")
    async with started(service):
        address = ("127.0.0.1", service.port)
        upstream = Upstream("chat", [address], connect_timeout_s=5, answer_timeout_s=5, idle_s_max=0)
        for number in range(3):
            await ask(upstream)
            assert service.dialled == number + 1
        await eventually(lambda: len(service.open) == 1)


@pytest.mark.parametrize("at_once, kept", [(1, 1), (2, 2), (3, 2), (6, 2)])
async def test_only_so_many_idle_connections_are_kept(at_once: int, kept: int) -> None:
    service, all_ask = Service("chat"), asyncio.Barrier(at_once)

    async def answer(exchange: Exchange) -> None:
        await all_ask.wait()
        await service.answer(exchange)

    service.handler = answer
    async with started(service):
        address = ("127.0.0.1", service.port)
        upstream = Upstream("chat", [address], connect_timeout_s=5, answer_timeout_s=5, idle_max=2)
        async with asyncio.timeout(5):
            await asyncio.gather(*(ask(upstream) for _ in range(at_once)))
            assert service.dialled == at_once
            await eventually(lambda: len(service.open) == kept)
            await asyncio.gather(*(ask(upstream) for _ in range(at_once)))
        assert service.dialled == at_once + at_once - kept
