"""What one client sends never becomes part of another's request, and nobody gets an answer that was not for them."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from typing import TypeAlias

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.gateway.gateways import System, code, get, keep_connection, system
from tests.gateway.stand_ins import Exchange, head_of
from tests.gateway.wires import Wire, handshake, request_head
from tests.waiting import eventually

UPGRADES = [
    {"Connection": "Upgrade", "Upgrade": "h2c"},
    {"Connection": "Upgrade\r\nConnection: keep-alive", "Upgrade": "websocket"},
]


@pytest.mark.parametrize("upgrade", UPGRADES)
@pytest.mark.parametrize("framing", [{"Content-Length": "40"}, {"Transfer-Encoding": "chunked"}])
@pytest.mark.parametrize("path", ["/api/rooms", "/api/search-user/ada", "/sign-in"])
async def test_a_body_behind_an_upgrade_is_refused(
    whole: System, upgrade: dict[str, str], framing: dict[str, str], path: str
) -> None:
    """The parser would take it for another protocol and skip it, and a service wait for it in the next request."""
    async with whole.wire() as wire:
        await wire.send(get(whole, path, **upgrade, **framing))
        assert code(await wire.answer()) == (400, "malformed")
        assert await wire.is_closed()
    assert not whole.requests


@pytest.mark.parametrize("upgrade", UPGRADES)
async def test_an_upgrade_without_a_body_is_passed_over(whole: System, upgrade: dict[str, str]) -> None:
    async with whole.wire() as wire:
        await wire.send(get(whole, **upgrade, **{"Content-Length": "0"}))
        assert (await wire.answer()).status == 200
    assert {"upgrade", "connection"}.isdisjoint(whole.chat.last.names())


async def test_connect_is_refused(whole: System) -> None:
    async with whole.wire() as wire:
        await wire.send(get(whole, method="CONNECT"))
        assert code(await wire.answer()) == (400, "malformed")
    assert not whole.requests


def losing_bodies(app: ASGIApp) -> ASGIApp:
    async def lose(scope: Scope, receive: Receive, send: Send) -> None:
        async def lost() -> Message:
            message = await receive()
            return {**message, "body": b"", "more_body": False} if message["type"] == "http.request" else message

        await app(scope, lost, send)

    return lose


async def test_a_body_that_is_shorter_than_announced_costs_the_connection() -> None:
    """Whatever lost the rest: a service that answers without it still waits for it."""

    async def answer(exchange: Exchange) -> None:
        await exchange.reply(200, exchange.request.target.encode())

    async with system(around=losing_bodies) as whole:
        whole.chat.handler = answer
        await keep_connection(whole)
        async with whole.wire() as wire:
            await wire.send(get(whole, **{"Content-Length": "40"}), bytes(40))
            assert code(await wire.answer()) == (400, "malformed")
        assert (await whole.http.get("/api/rooms", headers=whole.bearer("grace"))).status_code == 200
        assert whole.chat.dialled == 2


async def test_trailers_are_no_headers() -> None:
    async with system(trusted_proxies="127.0.0.1") as whole:
        await keep_connection(whole)
        fields = {"Host": "h", "X-Forwarded-For": "5.5.5.5", "Transfer-Encoding": "chunked"}
        chunked = request_head("POST", "/api/search-user/ada", fields) + "1\r\na\r\n0\r\n"
        async with whole.wire() as wire:
            await wire.send(get(whole) + chunked + "X-Forwarded-For: 9.9.9.9\r\nOrigin: o\r\nHost: evil\r\n\r\n")
            assert [(await wire.answer()).status for _ in range(2)] == [200, 200]
        assert whole.auth.last.header("x-forwarded-for") == "5.5.5.5"
        assert whole.auth.last.names().count("host") == 1
        assert "origin" not in whole.auth.last.names()


async def test_a_handshake_behind_an_unanswered_request_is_refused(whole: System) -> None:
    """The request's answer would be written into the tunnel."""
    await keep_connection(whole)
    goes_on = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await goes_on.wait()
        await exchange.reply(200)

    whole.chat.handler = answer
    async with whole.wire() as wire:
        await wire.send(get(whole) + handshake("/ws", whole.bearer()))
        assert b"101" not in await wire.rest()
    goes_on.set()
    assert [request.target for request in whole.chat.requests] == ["/api/rooms"]


@pytest.mark.parametrize("of_another", [head_of("201 Odd", "Content-Length: 9"), b"HTTP/1.1 201 Odd\r\nX-Odd: 1\r\n"])
async def test_what_stands_behind_an_answer_is_neither_its_head_nor_the_next_answer(
    whole: System, of_another: bytes
) -> None:
    await keep_connection(whole)

    async def answer(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", "Content-Length: 1") + b"a" + of_another)

    whole.chat.handler = answer
    async with whole.wire() as wire:
        await wire.send(get(whole))
        first = await wire.answer()
    assert first.status == 502 or [value for name, value in first.headers if name == "content-length"] == ["1"]
    assert first.header("x-odd") is None
    whole.chat.handler = whole.chat.answer
    whole.chat.requests.clear()
    assert (await whole.http.get("/api/rooms", headers=whole.bearer("grace"))).json() == {"service": "chat"}
    assert len(whole.chat.requests) == 1  # on a new connection, not again after the old one was found to be no good


async def test_an_answers_trailers_are_no_headers(whole: System) -> None:
    await keep_connection(whole)

    async def answer(exchange: Exchange) -> None:
        trailed = b"1\r\na\r\n0\r\nSet-Cookie: t=1\r\n\r\n"
        await exchange.send(head_of("200 OK", "Transfer-Encoding: chunked") + trailed)

    whole.chat.handler = answer
    async with whole.wire() as wire:
        await wire.send(get(whole))
        answered = await wire.answer()
    assert (answered.body, answered.header("set-cookie")) == (b"a", None)


async def test_an_interim_answers_length_is_not_the_answers(whole: System) -> None:
    await keep_connection(whole)

    async def answer(exchange: Exchange) -> None:
        early = head_of("103 Early Hints", "Content-Length: 2")
        await exchange.send(early + head_of("200 OK", "Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n")

    whole.chat.handler = answer
    async with whole.wire() as wire:
        await wire.send(get(whole))
        assert (await wire.answer()).body == b"a"


_Asked: TypeAlias = tuple[str, str, bytes, bytes]  # method, target, body, and all of it as it is sent


async def turns(count: int) -> None:
    """Let others go on meanwhile."""
    for _ in range(count):
        await asyncio.sleep(0)


class _Careless:
    """A service that answers in every way that there is, of which some are wrong."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def answer(self, exchange: Exchange) -> None:
        sent = await exchange.read_body()
        body = b"%b|%b|%b" % (
            exchange.request.target.encode(),
            sent,
            bytes(self._chance.choice([0, 5, 3_000, 400_000])),
        )
        length = f"Content-Length: {len(body)}"
        if self._chance.random() < 0.3:
            await turns(self._chance.randrange(20))
        if exchange.request.method == "HEAD":
            await exchange.send(head_of("200 OK", length))
            return
        match self._chance.randrange(6):
            case 0:
                await self._in_chunks(exchange, body)
            case 1:
                await exchange.send(head_of("200 OK", length, "Connection: close") + body)
                exchange.close()
            case 2:
                exchange.abort()
            case 3:
                await exchange.send(head_of("100 Continue"), head_of("200 OK", length), body)
            case _:
                await exchange.reply(200, body)

    async def _in_chunks(self, exchange: Exchange, body: bytes) -> None:
        cut = self._chance.randrange(len(body))
        pieces = (b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (body[:cut], body[cut:]) if piece)
        framed = head_of("200 OK", "Transfer-Encoding: chunked") + b"".join(pieces) + b"0\r\n\r\n"
        cut = self._chance.randrange(len(framed))
        await exchange.send(framed[:cut])
        await turns(5)
        await exchange.send(framed[cut:])


class _Hasty:
    """A client that sends several requests in a row, in odd pieces, and sometimes leaves."""

    def __init__(self, whole: System, number: int) -> None:
        self._whole = whole
        self._chance = random.Random(number)
        self._number = number
        self.statuses: Counter[int] = Counter()

    async def run(self) -> None:
        for turn in range(8):
            asked = [self._request(turn, number) for number in range(self._chance.randrange(1, 6))]
            sent = b"".join(raw for *_, raw in asked)
            async with self._whole.wire() as wire:
                if self._chance.random() < 0.2:
                    await self._leave(wire, sent)
                else:
                    await asyncio.gather(self._send(wire, sent), self._read(wire, asked))

    async def _leave(self, wire: Wire, sent: bytes) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._chance.random() * 0.01):
                await self._send(wire, sent)
                await asyncio.Event().wait()
        wire.abort()

    async def _read(self, wire: Wire, asked: list[_Asked]) -> None:
        for method, target, body, _ in asked:
            answer = await wire.answer(method)
            self.statuses[answer.status] += 1
            if answer.status == 200 and method != "HEAD":
                assert answer.body.startswith(b"%b|%b|" % (target.encode(), body))

    def _request(self, turn: int, number: int) -> _Asked:
        method = self._chance.choice(["GET", "GET", "GET", "HEAD", "POST", "DELETE"])
        target = f"/api/messages/{self._number}/{turn}-{number}"
        body = b"x" * self._chance.choice([0, 1, 10, 70_000]) if method == "POST" else b""
        length = {"Content-Length": str(len(body))} if body else {}
        return method, target, body, get(self._whole, target, method, **length).encode() + body

    async def _send(self, wire: Wire, data: bytes) -> None:
        while data:
            step = self._chance.choice([1_000_000, 50, 2_000])
            await wire.send(data[:step])
            data = data[step:]


async def test_everybody_gets_their_own_answers_whatever_services_and_clients_do() -> None:
    faults: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: faults.append(context))
    try:
        async with system(answer_timeout_s=5) as whole:
            await keep_connection(whole)
            whole.chat.handler = _Careless(random.Random(7)).answer
            clients = [_Hasty(whole, number) for number in range(10)]
            await asyncio.gather(*(client.run() for client in clients))
            statuses = sum((client.statuses for client in clients), Counter())
            assert statuses.keys() == {200, 502}
            upstream = whole.server.lifespan.state["upstreams"]["chat"]
            await eventually(lambda: not upstream.due and not whole.server.server_state.tasks)
    finally:
        loop.set_exception_handler(None)
    assert not faults
