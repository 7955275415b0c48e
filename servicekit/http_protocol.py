"""The HTTP protocol: uvicorn's, with answers in one write and limits on slow and endless requests.

uvicorn writes an answer's head and body one after the other; uvloop turns each write into a system call, and the peer
wakes up twice. Here the head leaves with the first piece of the body, and is checked as a whole instead of field by
field: together a third less time for a small answer.
"""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from servicekit.handshake import refusal_response
from servicekit.middleware import new_request_id
from servicekit.problems import Answer, Malformed, Refusal, RefusalTable

WITHOUT_BODY = frozenset({204, 304})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_STATUS_LINES = {status: line.removesuffix(b"\r\n") for status, line in STATUS_LINE.items()}

HEAD_LOOKS_MAX = 2  # a request's head must have come within so many looks, so within 10 to 20 s
HEAD_BYTES_MAX = 64 * 1024  # of one that comes in pieces; what a single read brings is bounded anyway


class HeadTooLarge(Refusal):
    def __init__(self) -> None:
        super().__init__(f"The head of the request is larger than {HEAD_BYTES_MAX} bytes.")


_REFUSALS: RefusalTable = {HeadTooLarge: Answer(431, "head_too_large")}


class HttpProtocol(HttpToolsProtocol):
    """A connection is looked at now and then, and closed when it is idle, or when its next request comes drop by drop.

    That costs a request nothing, unlike uvicorn's timer for each.
    """

    look_interval_s: ClassVar[float] = 10.0
    _running: RequestResponseCycle | None = None  # what is being answered; `cycle` is the newest that has come
    _look: asyncio.TimerHandle | None = None
    _looks_at_head = 0  # looks since this request began and its head was not complete
    _looks_idle = 0
    _is_idle = False
    _awaits_head = True
    _field_bytes = 0  # come since a head was complete or a body went on: all that a head or trailers may have
    _has_progressed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._look = self.loop.call_later(self.look_interval_s, self._look_for_slowness)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_no_more()
        super().connection_lost(exc)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        self.cycle = self._running = None  # type: ignore[assignment]  # circles of references
        self.pipeline.clear()

    def handle_websocket_upgrade(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:  # its answer would end up in the WebSocket
            self._refuse(Malformed("A request before the handshake has no answer yet."))
            return
        self._look_no_more()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        self._has_progressed = False
        super().data_received(data)
        if self._has_progressed:
            self._field_bytes = 0
            return
        self._field_bytes += len(data)
        if self._field_bytes > HEAD_BYTES_MAX:
            self._refuse(HeadTooLarge())

    def send_400_response(self, msg: str) -> None:
        self._refuse(Malformed(msg))

    def _refuse(self, refusal: Refusal) -> None:
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not (cycle.response_started or self.pipeline):
            self.transport.write(refusal_response(refusal, _REFUSALS, new_request_id()))
        self.transport.close()  # in the middle of another answer that is all there is to say

    def on_message_begin(self) -> None:
        self._awaits_head, self._is_idle = True, False
        self._looks_at_head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._awaits_head = False
        self._has_progressed = True
        if self._skips_body():
            raise ValueError  # which the parser passes on, so that the request is refused
        super().on_headers_complete()
        self.headers = self.headers.copy()  # trailers come to this list too, and are no headers

    def _skips_body(self) -> bool:
        """Whether the parser takes what follows the head for another protocol, and we do not.

        A body would be left out, and read as a request by the next who takes its length at its word.
        """
        if not self.parser.should_upgrade() or self._should_upgrade():
            return False
        names = {name for name, value in self.headers if value != b"0"}
        return self.parser.get_method() == b"CONNECT" or not names.isdisjoint(_FRAMING)

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        super().on_body(body)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)  # type: ignore[arg-type]
        else:
            self._is_idle, self._looks_idle = True, 0

    def _look_for_slowness(self) -> None:
        self._looks_idle += self._is_idle
        self._looks_at_head += self._awaits_head
        if self._looks_idle * self.look_interval_s >= self.timeout_keep_alive:
            self.transport.close()
        elif self._looks_at_head >= HEAD_LOOKS_MAX:
            self.transport.abort()
        else:
            self._look = self.loop.call_later(self.look_interval_s, self._look_for_slowness)

    def _look_no_more(self) -> None:
        if self._look is not None:
            self._look.cancel()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        self._running = cycle
        self._start(cycle, app)

    def _start(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        """Have the request answered by the application."""
        answer = _Answer(cycle)

        async def answered_in_one_write(scope: Scope, receive: Receive, _: Send) -> None:
            try:
                await app(scope, receive, answer.send)
            except asyncio.CancelledError:  # the server ends, and has waited long enough
                cycle.disconnected = True
                cycle.transport.abort()

        super()._start_asgi_task(cycle, answered_in_one_write)  # type: ignore[arg-type]


class _Answer:
    """The sending half of a request's cycle; uvicorn keeps the rest, and looks at the same flags."""

    __slots__ = ("_cycle", "_head", "_is_chunked", "_left_bytes")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._head: bytes | None = None
        self._is_chunked = False
        self._left_bytes = 0  # what Content-Length still promises

    async def send(self, message: Message) -> None:
        """ASGI's `send`. Raises RuntimeError when the application breaks HTTP's rules; nothing is sent then."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        if message["type"] == "http.response.start" and not cycle.response_started:
            self._head = self._make_head(message["status"], message.get("headers", ()))
            cycle.response_started = True
            cycle.waiting_for_100_continue = False
        elif message["type"] == "http.response.body" and cycle.response_started:
            self._write(message.get("body", b""), is_last=not message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']!r} is out of order")

    def _make_head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        cycle = self._cycle
        lines = [_STATUS_LINES[status]]
        has_framing = False
        for name, value in (*cycle.default_headers, *headers):
            if name == b"content-length":
                # With 304 it tells the length that the body would have (RFC 9110 §8.6).
                self._left_bytes, has_framing = 0 if status in WITHOUT_BODY else int(value), True
            elif name == b"transfer-encoding":
                self._is_chunked = has_framing = True
            elif name == b"connection" and b"close" in value.lower():
                cycle.keep_alive = False
                continue
            lines.append(name + b": " + value)
        if not has_framing and status not in WITHOUT_BODY and cycle.scope["method"] != "HEAD":
            self._is_chunked = True
            lines.append(b"transfer-encoding: chunked")
        if not cycle.keep_alive:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
            raise RuntimeError("a header field holds a line break")  # it would split the answer (RFC 9112 §11.1)
        return head + b"\r\n\r\n"

    def _write(self, body: bytes, *, is_last: bool) -> None:
        cycle = self._cycle
        if cycle.response_complete:
            raise RuntimeError("the answer is complete already")
        if cycle.scope["method"] == "HEAD":
            body = b""
        elif self._is_chunked:
            body = chunk(body, is_last=is_last)
        else:
            self._left_bytes -= len(body)
            if self._left_bytes < 0 or (is_last and self._left_bytes):
                raise RuntimeError("the body is not as long as Content-Length says")
        if self._head is not None:
            body, self._head = self._head + body, None
        if body:
            cycle.transport.write(body)
        if is_last:
            _complete(cycle)


def answer_whole(cycle: RequestResponseCycle, status: int, lines: list[bytes], body: bytes) -> None:
    """Answer without ASGI. `lines` are the header fields as `name: value`, each one as a parser gave it."""
    if cycle.disconnected or cycle.transport.is_closing():
        return
    head = [_STATUS_LINES[status], *[name + b": " + value for name, value in cycle.default_headers], *lines]
    if not cycle.keep_alive:
        head.append(b"connection: close")
    head.append(b"\r\n" if cycle.scope["method"] == "HEAD" else b"\r\n" + body)
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"\r\n".join(head))
    _complete(cycle)


def _complete(cycle: RequestResponseCycle) -> None:
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def chunk(data: bytes, *, is_last: bool) -> bytes:
    """A piece in chunked coding (RFC 9112 §7.1); an empty one in between would end the body, so it is nothing."""
    piece = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
    return piece + (b"0\r\n\r\n" if is_last else b"")
