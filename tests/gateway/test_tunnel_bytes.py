"""Bytes in a tunnel: they pass unread, at the pace of the slower end, until an end is gone."""

import asyncio
import random
import socket
import struct
from typing import Any

import pytest

from gateway.tunnel import Tunnel
from gateway.tunnel_end import TunnelTimeouts
from tests.gateway.gateways import System, get, settled, system
from tests.gateway.stand_ins import Exchange, Handler
from tests.gateway.tunnels import AGREED, agreeing, echo, tunnel_ends
from tests.gateway.wires import Wire, handshake
from tests.waiting import eventually

MIB = 1024 * 1024


# Bytes


@pytest.mark.parametrize("seed", range(4))
async def test_bytes_pass_both_ways_unchanged_in_any_pieces(echoing: System, seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice([10, 1000, 3 * MIB]))
    async with echoing.open_tunnel() as wire:

        async def send() -> None:
            at = 0
            while at < len(data):
                size = chance.choice([1, 2, 125, 126, 127, 4096, 65536, 300_000])
                await wire.send(data[at : at + size])
                at += size
                if chance.random() < 0.1:
                    await asyncio.sleep(0)

        sending = asyncio.create_task(send())
        async with asyncio.timeout(20):
            assert await wire.reader.readexactly(len(data)) == data
        await sending


async def test_an_answer_in_single_bytes_and_what_follows_it_at_once_arrive_whole(whole: System) -> None:
    async def greet(exchange: Exchange) -> None:
        for byte in AGREED:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(0)
        await exchange.send(b"first frame")
        await exchange.reader.read()

    async def greet_at_once(exchange: Exchange) -> None:
        await exchange.send(AGREED + b"first frame")
        await exchange.reader.read()

    for handler in (greet, greet_at_once):
        whole.chat.handler = handler
        async with whole.tunnel("/ws", whole.bearer()) as wire:
            async with asyncio.timeout(5):
                assert await wire.reader.readexactly(len(AGREED) + 11) == AGREED + b"first frame"


async def test_a_slow_client_slows_the_service_down(whole: System) -> None:
    sent = [0]

    @agreeing
    async def flood(exchange: Exchange) -> None:
        for _ in range(800):
            await exchange.send(bytes(65536))
            sent[0] += 65536
        exchange.close()

    whole.chat.handler = flood
    async with whole.wire(receive_buffer_bytes=65536) as wire:
        await wire.send(handshake("/ws", whole.bearer()))
        assert await settled(sent) < 24 * MIB
        await wire.head()
        async with asyncio.timeout(20):
            assert len(await wire.reader.readexactly(800 * 65536)) == 800 * 65536


async def test_a_slow_service_slows_the_client_down(whole: System) -> None:
    goes_on, sent, got = asyncio.Event(), [0], [0]

    @agreeing
    async def take_later(exchange: Exchange) -> None:
        await goes_on.wait()
        while data := await exchange.reader.read(65536):
            got[0] += len(data)

    whole.chat.handler = take_later
    async with whole.open_tunnel() as wire:

        async def push() -> None:
            for _ in range(800):
                await wire.send(bytes(65536))
                sent[0] += 65536

        pushing = asyncio.create_task(push())
        assert await settled(sent) < 24 * MIB
        goes_on.set()
        await pushing
        await eventually(lambda: got[0] == 800 * 65536)


# Ends


async def test_half_close_of_the_client_goes_through_and_the_answer_comes_back(echoing: System) -> None:
    async with echoing.open_tunnel() as wire:
        await wire.send("last words")
        wire.writer.write_eof()
        assert await wire.rest() == b"last words(end)"
        await eventually(lambda: not tunnel_ends(echoing))


async def test_half_close_of_the_service_goes_through_and_the_client_may_still_speak(whole: System) -> None:
    heard: list[bytes] = []

    @agreeing
    async def say_and_listen(exchange: Exchange) -> None:
        exchange.writer.write(b"last words")
        exchange.writer.write_eof()
        heard.append(await exchange.reader.read())

    whole.chat.handler = say_and_listen
    async with whole.open_tunnel() as wire:
        assert await wire.rest() == b"last words"
        await wire.send("and mine")
        wire.writer.write_eof()
        await eventually(lambda: heard == [b"and mine"])
        await eventually(lambda: not tunnel_ends(whole))


async def test_when_the_client_is_gone_the_service_notices(echoing: System) -> None:
    for _ in range(5):
        async with echoing.open_tunnel() as wire:
            await wire.send("x")
            await wire.reader.readexactly(1)
    await eventually(lambda: not echoing.chat.open)
    await eventually(lambda: not tunnel_ends(echoing))


async def test_when_the_client_resets_the_service_notices(echoing: System) -> None:
    async with echoing.open_tunnel() as wire:
        connection: socket.socket = wire.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await wire.send("x")
        wire.abort()
        await eventually(lambda: not echoing.chat.open)
        await eventually(lambda: not tunnel_ends(echoing))


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_when_the_service_is_gone_the_client_notices(whole: System, end: str) -> None:
    @agreeing
    async def leave(exchange: Exchange) -> None:
        await exchange.reader.read(1)
        exchange.close() if end == "close" else exchange.abort()

    whole.chat.handler = leave
    async with whole.open_tunnel() as wire:
        await wire.send("x")
        assert await wire.is_closed()
    await eventually(lambda: not tunnel_ends(whole))


class SoonForgotten(Tunnel):
    timeouts = TunnelTimeouts(half_open_s_max=0.05)


class SoonStalled(Tunnel):
    timeouts = TunnelTimeouts(stalled_s_max=0.05)


async def test_what_was_half_closed_and_then_forgotten_ends_by_itself() -> None:
    @agreeing
    async def end(exchange: Exchange) -> None:
        exchange.writer.write_eof()
        await exchange.reader.read()

    async with system(tunnel=SoonForgotten) as whole:
        whole.chat.handler = end
        async with whole.open_tunnel() as wire:
            assert await wire.rest() == b""
            await eventually(lambda: not tunnel_ends(whole))
            await eventually(lambda: not whole.chat.open)


def flooding(sent: list[int]) -> Handler:
    """A service that sends for ever, and counts."""

    @agreeing
    async def flood(exchange: Exchange) -> None:
        while True:
            await exchange.send(bytes(65536))
            sent[0] += 65536

    return flood


async def test_a_client_that_takes_nothing_for_long_is_dropped() -> None:
    async with system(tunnel=SoonStalled) as whole:
        whole.chat.handler = flooding([0])
        async with whole.wire(receive_buffer_bytes=65536) as wire:
            await wire.send(handshake("/ws", whole.bearer()))
            await eventually(lambda: tunnel_ends(whole))
            await eventually(lambda: not tunnel_ends(whole))
        await eventually(lambda: not whole.chat.open)


async def test_what_a_dead_service_last_said_waits_for_a_client_only_so_long() -> None:
    sent = [0]
    async with system(tunnel=SoonForgotten) as whole:
        whole.chat.handler = flooding(sent)
        async with whole.wire(receive_buffer_bytes=65536) as wire:
            await wire.send(handshake("/ws", whole.bearer()))
            await eventually(lambda: tunnel_ends(whole))
            await settled(sent)
            for end in tunnel_ends(whole):
                if end.transport.get_write_buffer_size() == 0:  # the service's end
                    end.transport.abort()
            await eventually(lambda: not tunnel_ends(whole))


async def reply_at_length(exchange: Exchange) -> None:
    await exchange.reply(200, bytes(30 * 1024))


async def asked(whole: System, wire: Wire) -> Any:
    """The connection, when another of its requests is answered."""
    state = whole.server.server_state
    before = state.total_requests
    await wire.send(get(whole, "/api/search-user/ada"))
    await eventually(lambda: state.total_requests == before + 1)
    (connection,) = state.connections
    return connection


async def test_a_refused_handshake_behind_answers_that_nobody_takes_is_not_kept() -> None:
    async with system(tunnel=SoonForgotten) as whole, whole.wire(receive_buffer_bytes=4096) as wire:
        whole.auth.handler = reply_at_length
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        connection = await asked(whole, wire)
        while not connection.transport.get_write_buffer_size():
            await asked(whole, wire)
        await wire.send(handshake("/nothing"))
        connections = whole.server.server_state.connections
        await eventually(lambda: connection not in connections)
        await eventually(lambda: not connections)


async def test_the_end_of_the_gateway_ends_its_tunnels() -> None:
    async with system() as whole:
        whole.chat.handler = echo
        async with whole.open_tunnel() as wire:
            for connection in list(whole.server.server_state.connections):
                connection.shutdown()
            assert await wire.is_closed()
            await eventually(lambda: not whole.chat.open)
