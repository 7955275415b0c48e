"""Deadlines over a real line: whoever is slow is told and let go, whoever is only large or waited for is not."""

import asyncio
import json
import time
from contextlib import suppress
from typing import Any

import pytest

from servicekit.deadlines import Deadlines, Phase, RequestClock, announces_files
from servicekit.http_protocol import HttpProtocol
from tests.servicekit.http_servers import body, client, serving, start
from tests.servicekit.sockets import RawClient

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
FORM = HEAD + b"Content-Length: 100\r\n\r\n"
UPLOAD = HEAD + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
OK = (start(content_length="2"), body(b"ok"))


class Impatient(HttpProtocol):
    """Every limit is small, and twice the one before, so that each shows alone."""

    deadlines = Deadlines(
        head_s_max=0.1,
        body_s_max=0.2,
        upload_stall_s_max=0.4,
        upload_start_s=0.8,
        upload_bytes_per_s_min=1_000,
        answer_stall_s_max=0.2,
        linger_s=0.1,
        look_interval_s=0.05,
    )


async def rest(raw: RawClient) -> bytes:
    """All that comes until the server ends the line."""
    with suppress(ConnectionError):
        return await raw.read_rest()
    return b""


def is_too_slow(answer: bytes) -> bool:
    head, _, problem = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    return bool(json.loads(problem)["code"] == "too_slow")


async def drip(raw: RawClient, pause_s: float, piece: bytes = b"x") -> None:
    with suppress(OSError):
        while True:
            raw.write(piece)
            await asyncio.sleep(pause_s)  # it is the client that is slow


async def test_who_connects_and_says_nothing_is_let_go_without_a_word() -> None:
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        assert await rest(raw) == b""


@pytest.mark.parametrize("said", [b"G", b"GET / HTTP/1.1\r\nHost:", HEAD + b"Content-Length: 5\r\n"])
async def test_a_head_has_its_time_and_no_more(said: bytes) -> None:
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(said)
        assert is_too_slow(await rest(raw))


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked", b"Content-Length: 1"])
async def test_a_body_that_does_not_come_is_not_waited_for(framing: bytes) -> None:
    began_s = time.monotonic()
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(HEAD + framing + b"\r\nExpect: 100-continue\r\n\r\n")
        answer = await rest(raw)
    assert is_too_slow(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
    assert time.monotonic() - began_s >= Impatient.deadlines.body_s_max


@pytest.mark.parametrize("head", [HEAD + b"Content-Length: 100000", HEAD + b"Transfer-Encoding: chunked"])
async def test_a_body_that_drips_has_the_time_of_a_whole_one(head: bytes) -> None:
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(head + b"\r\n\r\n")
        dripping = asyncio.create_task(drip(raw, 0.02, b"x" if b"Length" in head else b"1\r\nx\r\n"))
        assert is_too_slow(await rest(raw))
        await dripping


async def test_a_body_within_its_time_is_taken() -> None:
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nx")
        await asyncio.sleep(Impatient.deadlines.body_s_max / 2)
        raw.write(b"x")
        assert (await rest(raw)).endswith(b"ok")


async def test_an_upload_may_take_longer_than_a_form_but_not_pause_for_long() -> None:
    began_s = time.monotonic()
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(UPLOAD)
        assert is_too_slow(await rest(raw))
    assert time.monotonic() - began_s >= Impatient.deadlines.upload_stall_s_max


async def test_an_upload_has_to_be_fast_enough_on_average() -> None:
    began_s = time.monotonic()
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(UPLOAD)
        dripping = asyncio.create_task(drip(raw, 0.05))
        assert is_too_slow(await rest(raw))
        await dripping
    assert time.monotonic() - began_s >= Impatient.deadlines.upload_start_s


async def test_chunk_extensions_are_no_progress() -> None:
    async with serving(*OK, protocol=Impatient) as port, client(port) as raw:
        raw.write(UPLOAD.replace(b"Content-Length: 1000000", b"Transfer-Encoding: chunked") + b"1;")
        dripping = asyncio.create_task(drip(raw, 0.02))
        assert is_too_slow(await rest(raw))
        await dripping


async def test_what_follows_an_early_answer_has_its_time_too_and_gets_no_second_one() -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await send(start(content_length="2"))
        await send(body(b"ok"))

    async with serving(app=early, protocol=Impatient) as port, client(port) as raw:
        raw.write(FORM)
        assert (await rest(raw)).count(b"HTTP/1.1") == 1


async def test_a_client_that_takes_no_answer_is_dropped() -> None:
    gone = asyncio.Event()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await receive()
        sending = asyncio.create_task(send_on(send))
        assert (await receive())["type"] == "http.disconnect"
        sending.cancel()
        gone.set()

    async def send_on(send: Any) -> None:
        while True:
            await send(body(bytes(65_536), more=True))

    async with serving(app=endless, protocol=Impatient) as port, client(port, receive_buffer_bytes=4096) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(5):
            await gone.wait()


async def test_a_last_answer_that_nobody_takes_does_not_keep_the_connection() -> None:
    closes = (start(content_length="8000000", connection="close"), body(bytes(8_000_000)))
    lost = asyncio.Event()

    class Watched(Impatient):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    async with serving(*closes, protocol=Watched) as port, client(port, receive_buffer_bytes=4096) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(5):
            await lost.wait()


async def test_a_connection_that_is_idle_for_too_long_is_closed() -> None:
    async with serving(*OK, keep_alive_s=0, protocol=Impatient) as port, client(port) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await rest(raw)).endswith(b"ok")


async def test_a_slow_answer_is_not_the_clients_fault_nor_what_waits_behind_it() -> None:
    may_answer = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await may_answer.wait()
        await send(start(content_length="2"))
        await send(body(b"ok"))

    async with serving(app=slow, protocol=Impatient) as port, client(port) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + b"GET / HTTP/1.1\r\n")
        for _ in range(3):  # who comes later and says nothing is given up before
            async with client(port) as silent:
                await rest(silent)
        may_answer.set()
        answers = await rest(raw)
    assert answers.count(b"\r\n\r\nok") == 3
    assert answers.count(b" 408 ") == 1


# The clock


@pytest.mark.parametrize("takes_files, due_s", [(False, 30.0), (True, 30.0)])
def test_the_time_in_which_we_do_not_read_is_not_the_senders(takes_files: bool, due_s: float) -> None:
    clock = RequestClock(0.0)
    clock.enter(Phase.BODY, 100.0)
    clock.hold_up(110.0)
    assert clock.due_s(Deadlines(), keep_alive_s=75, takes_files=takes_files) == float("inf")
    clock.go_on(150.0)
    expected_s = 150.0 + due_s if takes_files else 140.0 + due_s
    assert clock.due_s(Deadlines(), keep_alive_s=75, takes_files=takes_files) == expected_s


def test_an_upload_earns_its_time() -> None:
    clock, limits = RequestClock(0.0), Deadlines()
    clock.enter(Phase.BODY, 0.0)
    clock.hear(16 * 1024 * 60, 59.0)
    assert clock.due_s(limits, keep_alive_s=75, takes_files=True) == 60.0
    clock.hear(16 * 1024 * 20, 59.5)
    assert clock.due_s(limits, keep_alive_s=75, takes_files=True) == 80.0
    clock.hear(16 * 1024 * 600, 60.0)
    assert clock.due_s(limits, keep_alive_s=75, takes_files=True) == 90.0


@pytest.mark.parametrize(
    "content_type, is_upload",
    [
        (b"multipart/form-data; boundary=x", True),
        (b"Multipart/Form-Data; boundary=x", True),
        (b"application/offset+octet-stream", True),
        (b"application/json", False),
        (b"application/x-www-form-urlencoded", False),
        (b"", False),
    ],
)
def test_files_come_in_two_kinds_of_bodies(content_type: bytes, is_upload: bool) -> None:
    assert announces_files([(b"host", b"a"), (b"content-type", content_type)]) is is_upload
