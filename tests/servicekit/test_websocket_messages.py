"""Messages of a WebSocket under a real uvicorn: whole, in order, within their bound; a server may pause them."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosedError

from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.handshake import Handshake
from servicekit.websocket import WebSocketProtocol
from tests.servicekit.connections import CLOSE_NORMAL, in_time, joined, wait
from tests.servicekit.sockets import Echo, Server, masked, serving

# Messages


class Pausing(Echo):
    def received(self, opcode: int, payload: bytes) -> None:
        if payload == b"pause":
            self.pause_reading()
        super().received(opcode, payload)


async def test_a_fault_with_a_message_closes_its_connection_and_reaches_nobody_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serving(Pausing) as server, joined(server) as (client, connection):
        client.write(masked(Opcode.TEXT, b"pause") + masked(Opcode.TEXT, b"break"))
        assert await connection.hears(1) == [b"pause"]
        connection.resume_reading()  # as the service's own work does, which is not to be hit
        assert connection.heard == [b"pause", b"break"]
        assert CloseCode.INTERNAL_ERROR.to_bytes(2, "big") in await client.read_rest()
    assert "a mistake of ours" in capsys.readouterr().out


async def test_text_and_binary_come_back_as_what_they_were(server: Server) -> None:
    async with server.client() as ada:
        await ada.send("Grüße, Grace")
        assert await ada.recv() == "Grüße, Grace"
        await ada.send(b"\xff\0")
        assert await ada.recv() == b"\xff\0"


async def test_a_message_in_fragments_arrives_whole(server: Server) -> None:
    async with server.client() as ada:
        await ada.send(["one ", "two ", "three"])
        assert await ada.recv() == "one two three"


async def test_a_burst_is_answered_in_order(server: Server) -> None:
    sent = [str(number) for number in range(2_000)]
    async with server.client() as ada, in_time() as both:

        async def send_all() -> None:
            for message in sent:
                await ada.send(message)

        both.create_task(send_all())
        assert [await ada.recv() for _ in sent] == sent


async def test_a_message_of_the_greatest_length_passes_and_a_longer_one_closes_with_1009(server: Server) -> None:
    longest = "a" * Echo.message_bytes_max
    async with server.client() as ada:
        await ada.send(longest)
        assert await ada.recv() == longest
        with pytest.raises(ConnectionClosedError) as closed:
            await ada.send(longest + "a")
            await ada.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CloseCode.TOO_BIG


async def test_a_ping_is_answered_with_its_own_payload(server: Server) -> None:
    async with joined(server) as (client, _):
        client.send(Opcode.PING, b"are you there?")
        assert await client.frame() == (Opcode.PONG, b"are you there?")


async def test_an_unasked_pong_is_no_message(server: Server) -> None:
    async with joined(server) as (client, connection):
        client.send(Opcode.PONG, b"here I am")
        client.send(Opcode.TEXT, b"hello")
        assert await client.frame() == (Opcode.TEXT, b"hello")
        assert connection.heard == [b"hello"]


async def test_a_subclass_says_who_enters_and_what_a_message_means() -> None:
    protocol = WebSocketProtocol(None, None, {})
    with pytest.raises(NotImplementedError):
        await protocol.admit(Handshake(b"GET / HTTP/1.1"))
    with pytest.raises(NotImplementedError):
        protocol.received(Opcode.TEXT, b"")


async def test_an_end_of_the_server_before_the_answer_lets_nobody_in() -> None:
    is_asked, was_not_opened = asyncio.Event(), asyncio.Event()

    class Hesitant(Echo):
        async def admit(self, handshake: Handshake) -> None:
            is_asked.set()
            await asyncio.Event().wait()

        def not_opened(self) -> None:
            was_not_opened.set()

    async with serving(Hesitant) as server, server.client_at_the_door():
        connection = await server.connection()
        await wait(is_asked)
        connection.shutdown()
        await wait(was_not_opened)
    assert connection.times_closed == 0


# A server that takes its time


async def test_what_comes_while_reading_is_paused_is_heard_afterwards_in_order(server: Server) -> None:
    sent = [str(number).encode() for number in range(500)]
    async with joined(server) as (client, connection):
        connection.pause_reading()
        connection.pause_reading()
        for message in sent:
            client.send(Opcode.TEXT, message)
        async with server.client() as other:  # a round trip, in which all of it could have been read
            await other.send("hello")
            await other.recv()
        assert connection.heard == []
        connection.resume_reading()
        connection.resume_reading()
        assert await connection.hears(len(sent)) == sent


async def test_messages_that_came_in_one_piece_wait_when_the_first_of_them_pauses_reading() -> None:
    class OneAtATime(Echo):
        def received(self, opcode: int, payload: bytes) -> None:
            super().received(opcode, payload)
            self.pause_reading()

    async with serving(OneAtATime) as server, joined(server) as (client, connection):
        client.write(masked(Opcode.TEXT, b"one") + masked(Opcode.TEXT, b"two"))
        assert await connection.hears(1) == [b"one"]
        connection.resume_reading()
        assert await connection.hears(2) == [b"one", b"two"]


async def test_a_pause_from_the_first_moment_loses_nothing() -> None:
    class Late(Echo):
        def opened(self) -> None:
            self.pause_reading()
            super().opened()

    async with serving(Late) as server, joined(server) as (client, connection):
        client.send(Opcode.TEXT, b"hello")
        connection.resume_reading()
        assert await connection.hears(1) == [b"hello"]


async def test_a_close_during_a_pause_still_hears_the_answer_of_the_peer(server: Server) -> None:
    async with joined(server) as (client, connection):
        connection.pause_reading()
        client.send(Opcode.TEXT, b"never heard")
        connection.close(CloseCode.GOING_AWAY)
        connection.pause_reading()
        assert await client.close_code() == CloseCode.GOING_AWAY
        client.send(Opcode.CLOSE, CLOSE_NORMAL)
        assert await client.is_at_the_end()
        await wait(connection.is_gone)
    assert connection.heard == []


async def test_reading_may_be_resumed_after_the_connection_was_lost(server: Server) -> None:
    async with joined(server) as (client, connection):
        connection.pause_reading()
        connection.send(text_frame(b"hello"))
        client.reset()
        connection._transport.abort()  # noqa: SLF001 - nothing is read, so nothing else would tell
        await wait(connection.is_gone)
        connection.resume_reading()
        connection.release()
        assert connection.times_closed == 1
