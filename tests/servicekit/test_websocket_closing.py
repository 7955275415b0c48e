"""The end of a WebSocket under a real uvicorn: both closing handshakes, and the code for broken frames."""

import socket

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.websocket_writer import Phase
from tests.servicekit.connections import CLOSE_NORMAL, joined, open_connections, wait
from tests.servicekit.sockets import Echo, Server, head_of_frame, masked, serving

# Both closing handshakes


async def test_the_close_of_the_client_is_answered_with_its_code(server: Server) -> None:
    async with joined(server) as (client, connection):
        client.send(Opcode.CLOSE, (4000).to_bytes(2, "big") + b"bye")
        assert await client.frame() == (Opcode.CLOSE, (4000).to_bytes(2, "big"))
        assert await client.is_at_the_end()
        await wait(connection.is_gone)
    assert connection.times_closed == 1
    assert connection.phase is Phase.CLOSED


async def test_a_client_of_websockets_closes_cleanly(server: Server) -> None:
    async with server.client() as ada:
        connection = await server.connection()
        await ada.close()
        assert (ada.close_code, ada.close_reason) == (1000, "")
    await wait(connection.is_gone)
    assert connection.times_closed == 1


async def test_a_close_of_the_server_reaches_the_client_with_its_code_and_reason(server: Server) -> None:
    async with server.client() as ada:
        connection = await server.connection()
        await wait(connection.has_opened)
        connection.close(CloseCode.SESSION_ENDED, "the session has ended")
        assert connection.times_closed == 1
        assert connection.phase.value == "closing"
        with pytest.raises(ConnectionClosedError):
            await ada.recv()
        assert (ada.close_code, ada.close_reason) == (4401, "the session has ended")
    await wait(connection.is_gone)
    assert connection.times_closed == 1
    assert connection.phase is Phase.CLOSED


async def test_what_was_sent_before_a_close_arrives_and_what_is_sent_after_it_does_not(server: Server) -> None:
    async with joined(server) as (client, connection):
        connection.send(text_frame(b"before"))
        connection.close(CloseCode.NORMAL)
        connection.send(text_frame(b"after"))
        connection.send_first(text_frame(b"after"))
        connection.close(CloseCode.GOING_AWAY)
        assert await client.frame() == (Opcode.TEXT, b"before")
        assert await client.frame() == (Opcode.CLOSE, CLOSE_NORMAL)
        client.send(Opcode.TEXT, b"too late")
        client.send(Opcode.PING, b"too late")
        client.send(Opcode.CLOSE, CLOSE_NORMAL)
        assert await client.is_at_the_end()
    assert connection.heard == []


async def test_a_client_that_does_not_answer_the_close_is_dropped() -> None:
    class Impatient(Echo):
        close_timeout_s = 0.05

    async with serving(Impatient) as server, joined(server) as (client, connection):
        connection.close(CloseCode.GOING_AWAY)
        assert await client.close_code() == CloseCode.GOING_AWAY
        await wait(connection.is_gone)
        assert connection.times_closed == 1


async def test_a_client_that_closes_and_does_not_read_is_dropped() -> None:
    class Impatient(Echo):
        ping_interval_s = 0.05
        outbox_bytes_max = 1 << 30

    async with serving(Impatient) as server, joined(server, receive_buffer_bytes=4096) as (client, connection):
        for _ in range(300):
            connection.send(text_frame(bytes(65_536)))
        client.send(Opcode.CLOSE, CLOSE_NORMAL)
        await wait(connection.is_closed)
        await wait(connection.is_gone)
        assert connection.times_closed == 1


async def test_a_connection_that_breaks_is_told_once(server: Server) -> None:
    before = open_connections()
    async with joined(server) as (client, connection):
        assert open_connections() == before + 1
        client.reset()
        await wait(connection.is_gone)
    assert connection.times_closed == 1
    assert open_connections() == before
    assert connection not in server.uvicorn.server_state.connections


async def test_an_end_of_the_stream_without_a_close_is_told_once(server: Server) -> None:
    async with joined(server) as (client, connection):
        client.line.shutdown(socket.SHUT_WR)
        await wait(connection.is_gone)
        assert await client.is_at_the_end()
    assert connection.times_closed == 1


# A peer that breaks the protocol


BROKEN = {
    "reserved bits": (head_of_frame(0xF1, 0x80), CloseCode.PROTOCOL_ERROR),
    "reserved opcode": (head_of_frame(0x83, 0x80), CloseCode.PROTOCOL_ERROR),
    "unmasked": (text_frame(b"hello"), CloseCode.PROTOCOL_ERROR),
    "continuation of nothing": (masked(Opcode.CONTINUATION, b"more"), CloseCode.PROTOCOL_ERROR),
    "not UTF-8": (masked(Opcode.TEXT, b"\xff"), CloseCode.INVALID_DATA),
    "close code that must not be sent": (masked(Opcode.CLOSE, b"\x03\xed"), CloseCode.PROTOCOL_ERROR),
    "half a close code": (masked(Opcode.CLOSE, b"\x03"), CloseCode.PROTOCOL_ERROR),
    "close reason not UTF-8": (masked(Opcode.CLOSE, b"\x03\xe8\xff"), CloseCode.INVALID_DATA),
    "too long": (bytes((0x82, 0xFF)) + b"\0\0\0\1\0\0\0\0", CloseCode.TOO_BIG),
}


@pytest.mark.parametrize("sent, code", BROKEN.values(), ids=BROKEN)
async def test_a_broken_frame_closes_with_its_code(server: Server, sent: bytes, code: CloseCode) -> None:
    async with joined(server) as (client, connection):
        client.send(Opcode.TEXT, b"before")
        client.write(sent)
        client.send(Opcode.TEXT, b"after")
        assert await client.frame() == (Opcode.TEXT, b"before")
        assert await client.close_code() == code
        assert await client.is_at_the_end()
    await wait(connection.is_gone)
    assert connection.heard == [b"before"]
    assert connection.times_closed == 1


async def test_a_client_that_goes_on_sending_after_its_mistake_reads_the_code_and_not_a_reset(server: Server) -> None:
    async with joined(server) as (client, connection):
        client.write(head_of_frame(0xF1, 0x80))
        await client.write_patiently(bytes(4 * 1024 * 1024))
        assert await client.close_code() == CloseCode.PROTOCOL_ERROR
        assert await client.is_at_the_end()
        assert connection.heard == []


async def test_a_client_of_websockets_that_sends_too_much_reads_1009(server: Server) -> None:
    async with server.client(max_size=None) as ada:
        with pytest.raises(ConnectionClosed):
            await ada.send(bytes(8 * 1024 * 1024))
            await ada.recv()
        assert ada.close_code == CloseCode.TOO_BIG


async def test_a_mistake_after_the_close_of_the_server_changes_nothing(server: Server) -> None:
    async with joined(server) as (client, connection):
        connection.close(CloseCode.GOING_AWAY)
        client.write(head_of_frame(0xF1, 0x80))
        assert await client.close_code() == CloseCode.GOING_AWAY
        assert await client.is_at_the_end()
    assert connection.times_closed == 1
