"""Responses as they are written: head and the first of the body in one piece, framed by what the application said."""

from collections.abc import Iterable

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

WITHOUT_BODY = frozenset({204, 304})
_STATUS_LINES = {status: line.removesuffix(b"\r\n") for status, line in STATUS_LINE.items()}


class ResponseWriter:
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


def write_response(cycle: RequestResponseCycle, status: int, lines: list[bytes], body: bytes) -> None:
    """Answer without ASGI. `lines` are the header fields as `name: value`, each one as a parser gave it."""
    if cycle.disconnected or cycle.transport.is_closing():
        return
    head = [_STATUS_LINES[status], *[b": ".join(field) for field in cycle.default_headers], *lines]
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
