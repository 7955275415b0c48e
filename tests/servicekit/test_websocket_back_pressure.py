"""Slow readers of a WebSocket: what waits for them is bounded, in order, and in nobody else's way."""

import asyncio

import pytest

from servicekit.frames import CloseCode, Opcode, text_frame
from servicekit.websocket_writer import Phase
from tests.servicekit.connections import in_time, joined
from tests.servicekit.sockets import Echo, Server, serving


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
