"""The HTTP protocol: uvicorn's, but an answer's head leaves together with the first piece of its body.

uvicorn writes them one after the other; uvloop turns each write into a system call, and the peer wakes up twice.
Together with a check of the whole head instead of each field, this takes a third off a small answer.
"""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

_WITHOUT_BODY = frozenset({204, 304})


class HttpProtocol(HttpToolsProtocol):
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        async def answered_in_one_write(scope: Scope, receive: Receive, _: Send) -> None:
            await app(scope, receive, _Answer(cycle).send)

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
        lines = [STATUS_LINE[status].removesuffix(b"\r\n")]
        has_framing = False
        for name, value in (*cycle.default_headers, *headers):
            if name == b"content-length":
                self._left_bytes, has_framing = int(value), True
            elif name == b"transfer-encoding":
                self._is_chunked = has_framing = True
            elif name == b"connection" and b"close" in value.lower():
                cycle.keep_alive = False
                continue
            lines.append(name + b": " + value)
        if not has_framing and status not in _WITHOUT_BODY and cycle.scope["method"] != "HEAD":
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
            body = _chunk(body, is_last=is_last)
        else:
            self._left_bytes -= len(body)
            if self._left_bytes < 0 or (is_last and self._left_bytes):
                raise RuntimeError("the body is not as long as Content-Length says")
        if self._head is not None:
            body, self._head = self._head + body, None
        if body:
            cycle.transport.write(body)
        if is_last:
            self._complete()

    def _complete(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()


def _chunk(data: bytes, *, is_last: bool) -> bytes:
    """A piece in chunked coding (RFC 9112 §7.1); an empty one in between would end the body, so it is nothing."""
    piece = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
    return piece + (b"0\r\n\r\n" if is_last else b"")
