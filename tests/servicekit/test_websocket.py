"""The WebSocket protocol under a real uvicorn: nothing is lost, nothing is held for ever, each way out is told once."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK

from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.handshake import Handshake
from servicekit.http_protocol import HttpProtocol
from servicekit.websocket import WebSocketProtocol
from servicekit.websocket_writer import Phase
from tests.servicekit.sockets import WAIT_S, Echo, RawClient, Server, head_of_frame, masked, serving

CLOSE_NORMAL = (1000).to_bytes(2, "big")
FIN = 0x80


def open_connections() -> float:
    return REGISTRY.get_sample_value("parley_open_connections") or 0.0


async def wait(event: asyncio.Event) -> None:
    async with asyncio.timeout(WAIT_S):
        await event.wait()


@asynccontextmanager
async def in_time() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as tasks:
        yield tasks


@asynccontextmanager
async def joined(server: Server, **options: Any) -> AsyncIterator[tuple[RawClient, Any]]:
    """Both ends of one open connection."""
    async with server.raw(**options) as client:
        connection = await server.connection()
        await wait(connection.has_opened)
        yield client, connection


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


# Slow readers


async def test_what_is_held_waits_and_goes_out_in_order_after_what_is_sent_first(server: Server) -> None:
    async with joined(server) as (client, connection):
        connection.hold()
        for word in (b"third", b"fourth"):
            connection.send(text_frame(word))
        connection.send_first(text_frame(b"first"))
        connection.send_first(text_frame(b"second"))
        connection.release()
        connection.send(text_frame(b"fifth"))
        words = [(await client.frame())[1] for _ in range(5)]
    assert words == [b"first", b"second", b"third", b"fourth", b"fifth"]


@pytest.mark.parametrize("end", ["close", "hold", "ping"])
async def test_what_was_sent_before_leaves_before_it(server: Server, end: str) -> None:
    async with joined(server) as (client, connection):
        connection.send(text_frame(b"before"))
        connection.close(1000, "bye") if end == "close" else getattr(connection, end)()
        connection.send(text_frame(b"after"))
        assert await client.frame() == (Opcode.TEXT, b"before")


async def test_much_in_one_turn_is_written_in_its_middle_and_fills_no_outbox(server: Server) -> None:
    async with joined(server) as (client, connection):
        for number in range(4 * Echo.outbox_events_max):
            connection.send(text_frame(str(number).encode().rjust(100)))
        assert connection.phase is Phase.OPEN
        for number in range(4 * Echo.outbox_events_max):
            assert (await client.frame())[1].strip() == str(number).encode()


async def test_as_many_events_wait_as_the_outbox_takes_and_one_more_closes_with_1013(server: Server) -> None:
    async with joined(server) as (client, connection):
        connection.hold()
        for number in range(Echo.outbox_events_max):
            connection.send(text_frame(str(number).encode()))
        connection.release()
        for number in range(Echo.outbox_events_max):
            assert await client.frame() == (Opcode.TEXT, str(number).encode())
        connection.hold()
        for _ in range(Echo.outbox_events_max):
            connection.send(text_frame(b"once more"))
        assert connection.phase is Phase.OPEN
        connection.send(text_frame(b"one too many"))
        assert connection.times_closed == 1
        assert await client.frame() == (Opcode.CLOSE, (1013).to_bytes(2, "big") + b"too slow: the outbox is full")


class Narrow(Echo):
    outbox_bytes_max = 1_000


async def test_as_many_bytes_wait_as_the_outbox_takes_and_one_more_closes_with_1013() -> None:
    event = text_frame(bytes(98))
    assert len(event) == 100
    async with serving(Narrow) as server, joined(server) as (client, connection):
        connection.hold()
        for _ in range(10):
            connection.send(event)
        connection.release()
        for _ in range(10):
            assert await client.frame() == (Opcode.TEXT, bytes(98))
        connection.hold()
        for _ in range(9):
            connection.send(event)
        connection.send(text_frame(bytes(99)))
        assert connection.times_closed == 1
        assert await client.close_code() == CloseCode.TRY_AGAIN_LATER


async def test_a_reader_that_does_not_read_is_closed_with_1013_and_delays_nobody() -> None:
    class Patient(Echo):
        outbox_bytes_max = 1 << 30

    async with serving(Patient) as server, joined(server, receive_buffer_bytes=4096) as (slow, connection):
        sent = 0
        while connection.phase is Phase.OPEN:
            connection.send(text_frame(str(sent).encode().rjust(65_536)))
            sent += 1
            assert sent < 2_000
            await asyncio.sleep(0)
        async with server.client() as quick:
            await quick.send("hello")
            assert await quick.recv() == "hello"
        passed = 0
        while (frame := await slow.frame())[0] == Opcode.TEXT:
            assert frame[1].strip() == str(passed).encode()
            passed += 1
        assert frame[1][:2] == (1013).to_bytes(2, "big")
        assert sent - passed == Patient.outbox_events_max + 1
        assert connection.times_closed == 1


async def test_who_waits_until_it_is_drained_sends_any_amount_at_the_pace_of_the_reader(server: Server) -> None:
    async with joined(server, receive_buffer_bytes=4096) as (client, connection), in_time() as both:

        async def send_all() -> None:
            for number in range(600):
                connection.send(text_frame(str(number).encode().rjust(20_000)))
                await connection.drained()

        both.create_task(send_all())
        for number in range(600):
            assert int((await client.frame())[1]) == number
        assert connection.phase is Phase.OPEN


async def test_each_who_waits_until_it_is_drained_goes_on_when_it_is(server: Server) -> None:
    async with joined(server, receive_buffer_bytes=4096) as (client, connection), in_time() as waiting:
        frames = 0
        while connection._is_writable:  # noqa: SLF001 - until the line is full
            connection.send(text_frame(bytes(65_536)))
            frames += 1
        given_up = waiting.create_task(connection.drained())
        waiting.create_task(connection.drained())
        waiting.create_task(connection.drained())
        await asyncio.sleep(0)
        given_up.cancel()
        for _ in range(frames):
            assert (await client.frame())[0] == Opcode.TEXT


async def test_who_waits_until_it_is_drained_goes_on_when_the_connection_ends(server: Server) -> None:
    async with joined(server, receive_buffer_bytes=4096) as (client, connection), in_time() as waiting:
        while connection._is_writable:  # noqa: SLF001 - until the line is full
            connection.send(text_frame(bytes(65_536)))
        waiting.create_task(connection.drained())
        await asyncio.sleep(0)
        client.reset()
    assert connection.times_closed == 1


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
