"""HTTP as uvicorn serves it with our writing of answers: the framing is right, and a slow client is not waited for."""

import asyncio
import socket
from contextlib import closing, suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from servicekit.http_protocol import PIPELINED_MAX, HttpProtocol
from tests.servicekit.http_servers import WAIT_S, body, client, serving, start


async def answer(port: int, method: str = "GET", *, version: str = "1.1") -> tuple[list[str], bytes]:
    """The lines of the head in lower case, and what follows it up to the end of the stream."""
    async with client(port) as raw:
        raw.write(f"{method} / HTTP/{version}\r\nHost: parley.test\r\nConnection: close\r\n\r\n".encode())
        head = await raw.read_head()
        return head.lower().split("\r\n")[:-2], await raw.read_rest()


async def test_an_answer_of_known_length_is_sent_as_it_is() -> None:
    async with serving(start(201, content_length="5", x_own="Yes"), body(b"he", more=True), body(b"llo")) as port:
        head, rest = await answer(port)
    assert head[0] == "http/1.1 201 created"
    assert {"content-length: 5", "x-own: yes", "connection: close"} <= set(head)
    assert not any(line.startswith("transfer-encoding") for line in head)
    assert rest == b"hello"


@pytest.mark.parametrize("headers", [{}, {"transfer_encoding": "chunked"}])
async def test_an_answer_of_unknown_length_goes_in_chunks(headers: dict[str, str]) -> None:
    pieces = (body(b"hello", more=True), body(b"", more=True), body(b"x" * 17, more=True), body())
    async with serving(start(200, **headers), *pieces) as port:
        head, rest = await answer(port)
    assert head.count("transfer-encoding: chunked") == 1
    assert rest == b"5\r\nhello\r\n11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"


async def test_the_answer_to_head_has_no_body_and_the_length_that_it_would_have() -> None:
    async with serving(start(content_length="5"), body(b"hello")) as port:
        head, rest = await answer(port, "HEAD")
    assert "content-length: 5" in head
    assert rest == b""
    async with serving(start(), body(b"hello", more=True), body(b"hello")) as port:
        assert (await answer(port, "HEAD"))[1] == b""


@pytest.mark.parametrize("status, headers", [(204, {}), (304, {}), (304, {"content_length": "5"})])
async def test_an_answer_without_a_body_has_none(status: int, headers: dict[str, str]) -> None:
    async with serving(start(status, **headers), body()) as port:
        head, rest = await answer(port)
    assert rest == b""
    assert not any(line.startswith("transfer-encoding") for line in head)


async def test_one_connection_carries_one_request_after_the_other() -> None:
    async with serving(start(content_length="2"), body(b"ok")) as port, client(port) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        read = b""
        async with asyncio.timeout(WAIT_S):
            while read.count(b"ok") < 3:
                read += await asyncio.get_running_loop().sock_recv(raw.line, 65536)
        assert b"connection: close" not in read


@pytest.mark.parametrize("behind, is_kept", [(PIPELINED_MAX, True), (20 * PIPELINED_MAX, False)])
async def test_so_many_requests_wait_for_the_answer_before_and_no_more(behind: int, is_kept: bool) -> None:
    """One read may bring as many as fit into it, and each would be kept."""
    may_answer = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await may_answer.wait()
        await send(start(content_length="2"))
        await send(body(b"ok"))

    async with serving(app=app) as port, client(port) as raw, asyncio.timeout(WAIT_S):
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * (1 + behind))
        if not is_kept:
            assert await raw.read_rest() == b""
            return
        may_answer.set()
        read = b""
        while read.count(b"ok") < 1 + behind:
            read += await asyncio.get_running_loop().sock_recv(raw.line, 65536)


async def test_an_answer_may_close_the_connection() -> None:
    async with serving(start(content_length="2", connection="close"), body(b"ok")) as port, client(port) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await raw.read_head()
        assert await raw.read_rest() == b"ok"
    assert head.lower().count("connection: close") == 1


async def test_an_answer_that_outlasts_the_server_is_cut_off_without_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(content_length="2"))
        await send(body(b"o", more=True))
        await asyncio.Event().wait()

    config = uvicorn.Config(
        app, http=HttpProtocol, lifespan="off", log_config=None, server_header=False, timeout_graceful_shutdown=0
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        await server.startup(sockets=[listener])
        async with client(listener.getsockname()[1]) as raw:
            raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await raw.read_head()
            (task,) = server.server_state.tasks
            await server.shutdown()
            await asyncio.wait([task], timeout=WAIT_S)
            with suppress(ConnectionResetError):
                assert await raw.read_rest() in (b"o", b"")
    assert not task.cancelled()
    assert not [record for record in caplog.records if record.exc_info]


WRONG = {
    "a body before its head": ([body(b"x")], "out of order"),
    "two heads": ([start(), start()], "out of order"),
    "something else": ([{"type": "http.response.nonsense"}], "out of order"),
    "too long a body": ([start(content_length="1"), body(b"xx")], "as long as"),
    "too short a body": ([start(content_length="3"), body(b"xx")], "as long as"),
    "a body after its end": ([start(content_length="0"), body(), body()], "complete"),
    "a line break in a field": ([start(x_own="a\r\nset-cookie: b")], "line break"),
    "half a line break in a field": ([start(x_own="a\nset-cookie: b")], "line break"),
    "the other half": ([start(x_own="a\rb")], "line break"),
}


@pytest.mark.parametrize("messages, reason", WRONG.values(), ids=WRONG)
async def test_an_application_that_breaks_the_rules_is_told_and_the_client_is_not(
    messages: list[dict[str, Any]], reason: str
) -> None:
    errors: list[Exception] = []
    async with serving(*messages, errors=errors) as port, client(port) as raw:
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        rest = await raw.read_rest()
    assert reason in str(errors[0])
    assert b"set-cookie" not in rest


async def test_a_reader_that_is_slow_is_waited_for_and_gets_everything() -> None:
    pieces = [body(bytes(65_536), more=True) for _ in range(100)]
    async with (
        serving(start(content_length=str(100 * 65_536)), *pieces, body()) as port,
        client(port, receive_buffer_bytes=65_536) as raw,
    ):
        raw.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await raw.read_head()
        assert len(await raw.read_rest()) == 100 * 65_536


async def test_what_is_sent_to_a_reader_who_has_gone_is_dropped() -> None:
    pieces = [body(bytes(65_536), more=True) for _ in range(200)]
    async with serving(start(content_length=str(200 * 65_536)), *pieces, body(), errors=[]) as port:
        async with client(port, receive_buffer_bytes=4096) as raw:
            raw.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await raw.read_head()
            raw.reset()
        async with client(port) as other:
            other.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            await other.read_head()
            assert len(await other.read_rest()) == 200 * 65_536
