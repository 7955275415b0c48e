"""Services that refuse a tunnel, or fail: the client reads why, and nothing is left behind."""

import asyncio
import json

import pytest

from tests.gateway.gateways import Clock, System, code, system
from tests.gateway.stand_ins import Exchange, Service, started
from tests.gateway.tunnels import echo, refusal, tunnel_ends
from tests.gateway.wires import Wire, handshake, request_head
from tests.waiting import eventually


@pytest.mark.parametrize("closes", [True, False])
async def test_a_refusal_of_the_service_passes_through(whole: System, closes: bool) -> None:
    async def refuse(exchange: Exchange) -> None:
        body = json.dumps({"code": "too_many_connections"}).encode()
        await exchange.reply(429, body, Content_Type="application/problem+json", Retry_After="3")
        if closes:
            exchange.close()

    whole.chat.handler = refuse
    async with whole.tunnel("/ws", whole.bearer()) as wire:
        answer = await wire.answer()
        assert (answer.status, answer.json()["code"], answer.header("retry-after")) == (
            429,
            "too_many_connections",
            "3",
        )
    await eventually(lambda: not whole.chat.open)
    await eventually(lambda: not tunnel_ends(whole))


async def test_after_a_refusal_the_client_cannot_speak_to_the_service(whole: System) -> None:
    """A service that does not agree goes on reading HTTP: whoever has its ear could ask for what is internal."""
    hidden = "GET /internal/revocations HTTP/1.1\r\nHost: h\r\n\r\n"
    whole.video.handler = whole.video.answer
    async with whole.tunnel("/api/ws/video", whole.bearer()) as wire:
        await wire.send(hidden)
        assert (await wire.answer()).json() == {"service": "video"}
        await wire.send(hidden)
        await everything_has_arrived(wire)
    assert [request.target for request in whole.video.requests] == ["/api/ws/video"]


async def everything_has_arrived(wire: Wire) -> None:
    """The end of the stream goes through to the service, behind all that does, and its own end comes back."""
    wire.writer.write_eof()
    assert await wire.rest() == b""


async def test_what_is_sent_before_the_service_agreed_does_not_reach_it(whole: System) -> None:
    goes_on = asyncio.Event()

    async def refuse_late(exchange: Exchange) -> None:
        await goes_on.wait()
        await exchange.reply(404)

    whole.video.handler = refuse_late
    async with whole.wire() as wire:
        hidden = request_head("GET", "/internal/revocations", {"Host": "h"})
        await wire.send(handshake("/api/ws/video", whole.bearer()) + hidden)
        await wire.send(hidden)
        goes_on.set()
        assert (await wire.answer()).status == 404
        await wire.send(hidden)
        await everything_has_arrived(wire)
    assert len(whole.video.requests) == 1


async def test_a_body_in_a_handshake_is_not_passed_on(whole: System) -> None:
    whole.chat.handler = echo
    async with whole.tunnel("/ws", {**whole.bearer(), "Content-Length": "5"}) as wire:
        await wire.send("hello")
        assert (await wire.head())[0] == 101
        await wire.send("frame")
        assert await wire.reader.readexactly(5) == b"frame"
    assert whole.chat.last.header("content-length") is None


async def test_a_service_that_is_away_is_a_503_to_the_handshake() -> None:
    async with system() as whole:
        await whole.chat.stop()
        answer = await refusal(whole, "/ws", whole.bearer())
        assert code(answer) == (503, "service_unavailable")
        assert answer.header("retry-after") == "1"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 1"])
async def test_a_service_that_breaks_off_the_handshake_is_a_502(whole: System, said: bytes) -> None:
    async def break_off(exchange: Exchange) -> None:
        await exchange.send(said)
        exchange.close()

    whole.chat.handler = break_off
    assert code(await refusal(whole, "/ws", whole.bearer())) == (502, "bad_gateway")


async def test_a_service_that_does_not_answer_the_handshake_is_a_504() -> None:
    async def silence(exchange: Exchange) -> None:
        await exchange.reader.read()

    async with system(answer_timeout_s=0.1) as whole:
        whole.chat.handler = silence
        assert code(await refusal(whole, "/ws", whole.bearer())) == (504, "gateway_timeout")
        await eventually(lambda: not whole.chat.open)


async def test_a_fault_of_the_gateway_is_a_problem_answer_too(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    async with system(clock) as whole:
        clock.is_broken = True
        assert code(await refusal(whole, "/ws", whole.bearer())) == (503, "unavailable")
    assert "a mistake of ours" in capsys.readouterr().out


async def test_a_client_that_leaves_during_the_handshake_leaves_nothing_behind(whole: System) -> None:
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def agree_late(exchange: Exchange) -> None:
        arrived.set()
        await goes_on.wait()
        await echo(exchange)

    whole.chat.handler = agree_late
    async with whole.tunnel("/ws", whole.bearer()) as wire:
        await arrived.wait()
        wire.abort()
    goes_on.set()
    await eventually(lambda: not whole.chat.open)
    await eventually(lambda: not tunnel_ends(whole))


async def test_the_servers_end_during_a_handshake_is_the_end_of_the_handshake() -> None:
    arrived = asyncio.Event()

    async def silence(exchange: Exchange) -> None:
        arrived.set()
        await exchange.reader.read()

    async with system() as whole:
        whole.chat.handler = silence
        async with whole.tunnel("/ws", whole.bearer()) as wire:
            await arrived.wait()
            for connection in list(whole.server.server_state.connections):
                connection.shutdown()
            assert await wire.is_closed()
        await eventually(lambda: not whole.chat.open)


async def test_tunnels_are_spread_over_several_chat_services_and_a_dead_one_is_passed_over() -> None:
    chats = [Service("chat-1"), Service("chat-2"), Service("chat-3")]
    for chat in chats:
        chat.handler = echo
    async with started(*chats), system(chat_url=",".join(chat.url for chat in chats)) as whole:
        for _ in range(6):
            async with whole.open_tunnel():
                pass
        assert [len(chat.requests) for chat in chats] == [2, 2, 2]
        await chats[0].stop()
        for _ in range(6):
            async with whole.open_tunnel():
                pass
        assert len(chats[0].requests) == 2
        assert len(chats[1].requests) + len(chats[2].requests) == 4 + 6
