"""The life of a WebSocket under a real uvicorn: entering, silence, and each way out, told once."""

import asyncio
import gc
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.handshake import Handshake
from servicekit.http_protocol import HttpProtocol
from servicekit.websocket_writer import Phase
from tests.servicekit.connections import CLOSE_NORMAL, in_time, joined, open_connections, wait
from tests.servicekit.sockets import Echo, Server, serving


async def test_an_open_socket_keeps_nothing_of_its_handshake_until_garbage_is_collected() -> None:
    async with serving() as server:
        gc.collect()
        of_others = http_protocols()  # that serve other tests of this run
        gc.disable()
        try:
            async with joined(server):
                assert all(one in of_others for one in http_protocols())
        finally:
            gc.enable()


def http_protocols() -> list[HttpProtocol]:
    return [one for one in gc.get_objects() if isinstance(one, HttpProtocol)]


# Silence


class Attentive(Echo):
    ping_interval_s = 0.05


async def test_a_peer_that_answers_pings_stays() -> None:
    class Calm(Echo):
        ping_interval_s = 0.2  # long enough for the answer to come in time on a busy machine

    async with serving(Calm) as server, joined(server) as (client, connection):
        for _ in range(3):
            assert await client.frame() == (Opcode.PING, b"")
            client.send(Opcode.PONG)
        client.send(Opcode.TEXT, b"still here")
        while (frame := await client.frame())[0] == Opcode.PING:
            client.send(Opcode.PONG)
        assert frame == (Opcode.TEXT, b"still here")
        assert connection.times_closed == 0


async def test_a_probe_comes_back_when_the_peer_has_read_what_was_sent_before() -> None:
    class Marking(Echo):
        def answered_probe(self, payload: bytes) -> None:
            self.heard.append(payload)
            self.has_heard.set()

        def answered_ping(self) -> None:
            raise AssertionError("a probe is no ping of the line's own")

    async with serving(Marking) as server, joined(server) as (client, connection):
        assert connection.is_writable
        connection.send(text_frame(b"hello"))
        connection.probe(b"1")
        assert await client.frame() == (Opcode.TEXT, b"hello")
        assert await client.frame() == (Opcode.PING, b"1")
        client.send(Opcode.PONG, b"1")
        assert await connection.hears(1) == [b"1"]
        connection.hold()
        assert not connection.is_writable


@pytest.mark.parametrize("remaining_s", [-1, 0, 0.05, 0.35])
async def test_a_connection_ends_when_its_token_does_however_often_it_is_pinged(remaining_s: float) -> None:
    loop = asyncio.get_running_loop()
    async with serving(Attentive) as server, joined(server) as (client, connection):
        started_s = loop.time()
        connection.expire_after(remaining_s)
        while (frame := await client.frame())[0] == Opcode.PING:
            client.send(Opcode.PONG, frame[1])
        assert frame == (Opcode.CLOSE, (4401).to_bytes(2, "big") + b"the token has expired")
        assert loop.time() - started_s >= remaining_s - 0.02


async def test_a_silent_peer_is_dropped_after_one_unanswered_ping() -> None:
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    async with serving(Attentive) as server, joined(server) as (client, connection):
        assert await client.frame() == (Opcode.PING, b"")
        await wait(connection.is_gone)
        assert loop.time() - started_s >= 1.5 * Attentive.ping_interval_s
        assert connection.times_closed == 1


async def test_a_peer_is_not_taken_for_silent_while_nobody_listens_to_it() -> None:
    async with serving(Attentive) as server, joined(server) as (client, connection):
        connection.pause_reading()
        for _ in range(4):
            assert await client.frame() == (Opcode.PING, b"")
        client.send(Opcode.TEXT, b"still here")
        connection.resume_reading()
        assert await connection.hears(1) == [b"still here"]


# Entering and leaving


class Doorkeeper(Echo):
    """Lets nobody in before the test does."""

    entering: asyncio.Event
    door: asyncio.Event
    was_cancelled = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.entering, self.door = asyncio.Event(), asyncio.Event()
        super().__init__(*args, **kwargs)

    async def admit(self, handshake: Handshake) -> None:
        self.entering.set()
        try:
            await self.door.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


async def test_a_guest_who_leaves_at_the_door_was_never_in() -> None:
    before = open_connections()
    async with serving(Doorkeeper) as server, server.client_at_the_door() as client:
        connection = await server.connection()
        await wait(connection.entering)
        client.reset()
        connection._transport.abort()  # noqa: SLF001 - as when the break is noticed
        await wait(connection.is_gone)
        await asyncio.sleep(0)
        assert connection.was_cancelled
        assert not connection.has_opened.is_set()
        assert connection.times_closed == 0
        assert connection.phase is Phase.CLOSED
    assert open_connections() == before


async def test_a_guest_whose_line_ends_as_the_door_opens_was_never_in() -> None:
    async with serving(Doorkeeper) as server, server.client_at_the_door():
        connection = await server.connection()
        await wait(connection.entering)
        connection.door.set()
        connection._transport.close()  # noqa: SLF001
        await wait(connection.is_gone)
        assert not connection.has_opened.is_set()
        assert connection.times_closed == 0


async def test_frames_sent_before_the_door_opens_are_heard_when_it_does() -> None:
    async with serving(Doorkeeper) as server, server.client_at_the_door() as client:
        connection = await server.connection()
        await wait(connection.entering)
        client.send(Opcode.TEXT, b"early")
        connection.door.set()
        assert await connection.hears(1) == [b"early"]


async def test_nothing_is_sent_before_the_door_opens() -> None:
    async with serving(Doorkeeper) as server, server.client_at_the_door() as client:
        connection = await server.connection()
        await wait(connection.entering)
        connection.send(text_frame(b"too early"))
        connection.send_first(text_frame(b"too early"))
        connection.close(CloseCode.NORMAL)
        connection.pause_reading()
        connection.door.set()
        assert (await client.read_head()).startswith("HTTP/1.1 101 ")
        connection.send(text_frame(b"hello"))
        assert await client.frame() == (Opcode.TEXT, b"hello")


async def test_the_end_of_the_server_closes_with_1012_and_lets_nobody_in_any_more() -> None:
    async with (
        serving(Doorkeeper) as server,
        server.client_at_the_door() as guest,
        server.client_at_the_door() as grace,
    ):
        at_the_door, inside = await server.connection(), await server.connection()
        inside.door.set()
        assert (await grace.read_head()).startswith("HTTP/1.1 101 ")
        for connection in (at_the_door, inside):
            connection.shutdown()
        assert await grace.close_code() == CloseCode.SERVICE_RESTART
        grace.send(Opcode.CLOSE, CLOSE_NORMAL)
        assert await grace.is_at_the_end()
        assert await guest.is_at_the_end()
        await wait(at_the_door.is_gone)
        assert (at_the_door.times_closed, inside.times_closed) == (0, 1)


async def test_uvicorn_ends_when_the_last_connection_has_closed() -> None:
    async with serving() as server, server.client() as ada:
        connection = await server.connection()
        await wait(connection.has_opened)
        async with in_time() as both:
            both.create_task(server.uvicorn.shutdown())
            with pytest.raises(ConnectionClosed):
                await ada.recv()
        assert ada.close_code == CloseCode.SERVICE_RESTART
        assert not server.uvicorn.server_state.connections


async def test_the_count_of_open_connections_is_right_after_each_way_out(server: Server) -> None:
    before = open_connections()
    for way_out in ("client", "server", "mistake", "reset"):
        async with joined(server) as (client, connection):
            assert open_connections() == before + 1
            if way_out == "client":
                client.send(Opcode.CLOSE)
            elif way_out == "server":
                connection.close(CloseCode.NORMAL)
            elif way_out == "mistake":
                client.write(text_frame(b"unmasked"))
            else:
                client.reset()
            await wait(connection.is_closed)
            assert open_connections() == before
        await wait(connection.is_gone)
        assert connection.times_closed == 1
        assert open_connections() == before


async def test_a_normal_end_of_the_client_is_no_error_for_websockets(server: Server) -> None:
    async with server.client() as ada:
        connection = await server.connection()
        await wait(connection.has_opened)
        connection.close(CloseCode.NORMAL, "done")
        with pytest.raises(ConnectionClosedOK):
            await ada.recv()
