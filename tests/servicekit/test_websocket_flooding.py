"""A WebSocket that floods: others hardly notice, and the log does not fill."""

import asyncio

import pytest

from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.websocket_reader import MESSAGES_PER_TURN_MAX
from tests.servicekit.connections import joined, wait
from tests.servicekit.sockets import WAIT_S, Echo, Server, masked, serving, upgrade_request
from tests.waiting import eventually

CLOSE_NORMAL = (1000).to_bytes(2, "big")


class Noting(Echo):
    """Notes how much it has heard when the event loop comes to others."""

    def received(self, opcode: int, payload: bytes) -> None:
        if not self.heard:
            self.heard_in_a_turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(lambda: self.heard_in_a_turn.set_result(len(self.heard)))
        super().received(opcode, payload)


async def test_of_what_one_read_brings_others_wait_for_a_little_alone() -> None:
    async with serving(Noting) as server, joined(server) as (client, connection):
        client.write(masked(Opcode.TEXT, b"x") * 1_000)
        assert len(await connection.hears(1_000)) == 1_000
        assert await connection.heard_in_a_turn <= MESSAGES_PER_TURN_MAX


async def test_who_asks_for_nothing_without_end_is_answered_at_a_pace(server: Server) -> None:
    pings = 500  # 400 at once, then 200 a second
    async with joined(server) as (client, _), asyncio.timeout(WAIT_S):
        began_s = asyncio.get_running_loop().time()
        client.write(masked(Opcode.PING, b"?") * pings + masked(Opcode.TEXT, b"hello"))
        for _ in range(pings):
            assert await client.frame() == (Opcode.PONG, b"?")
        assert await client.frame() == (Opcode.TEXT, b"hello")
        assert asyncio.get_running_loop().time() - began_s > 0.3


async def test_who_is_read_at_a_pace_is_closed_at_once(server: Server) -> None:
    async with joined(server) as (client, connection):
        client.write(masked(Opcode.PONG, b"x") * 20_000 + masked(Opcode.TEXT, b"hello"))
        await eventually(lambda: not connection.reads_now)
        connection.close(CloseCode.SESSION_ENDED)
        assert await client.close_code() == CloseCode.SESSION_ENDED
        client.write(masked(Opcode.CLOSE, CLOSE_NORMAL))
        await wait(connection.is_gone)
        assert connection.heard == []


async def test_who_breaks_the_protocol_again_and_again_fills_no_log(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(20):
        async with server.line() as client:
            client.write(upgrade_request(x_forwarded_for="192.0.2.20"))
            await client.read_head()
            client.write(text_frame(b"unmasked"))
            assert await client.close_code() == CloseCode.PROTOCOL_ERROR
        async with server.line() as client:
            client.write(upgrade_request("/not-on-the-list", x_forwarded_for="192.0.2.20"))
            await client.read_rest()
    lines = capsys.readouterr().out
    assert 1 <= lines.count("protocol error") < 10
    assert 1 <= lines.count("handshake refused") < 10
