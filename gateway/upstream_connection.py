"""The upstream connection: one HTTP/1.1 connection to a service, one request and its answer at a time (RFC 9112).

A protocol of our own around httptools, because this is the path that every request takes: measured on one core, a
general client is the bottleneck (docs/decisions/0005-forwarding.md).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Protocol, cast

import httptools

from gateway.domain.headers import Headers
from gateway.domain.refusals import ServiceBroken, ServiceTooSlow

PAUSE_BYTES = 256 * 1024


class Pool(Protocol):
    """Whose connection it is: the upstream."""

    name: str
    idle_s_max: float
    due: dict["UpstreamConnection", float]  # when the service must have moved, in the loop's time

    def expect_progress(self, connection: "UpstreamConnection", now_s: float) -> None: ...
    def keep(self, connection: "UpstreamConnection") -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """One connection: one request and its answer at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._is_lost = False
        self._is_writable = asyncio.Event()
        self._is_writable.set()
        self._idle_since_s = self._loop.time()
        self.was_used = False
        self._begin("GET")
        self._is_idle = True

    def _begin(self, method: str) -> None:
        self._is_idle = False
        self.status = 0
        self.headers: Headers = []
        self.has_length = self.says_how_kept = False
        self.is_complete = False
        self._is_head = method == "HEAD"
        self._chunks: list[bytes] = []
        self._chunks_bytes = 0
        self._error: Exception | None = None
        self._listener: Callable[[], None] | None = None

    # Asking

    def is_usable(self) -> bool:
        idle_s = self._loop.time() - self._idle_since_s
        return not self._transport.is_closing() and idle_s < self._pool.idle_s_max

    def ask(self, method: str, head: bytes, *, owes_body: bool = False) -> None:
        """Send a request: its head and body, or (`owes_body`) only the head, to go on with `write`."""
        self._begin(method)
        self._owes_body = owes_body
        if self._is_lost:
            self._error = ServiceBroken(self._pool.name)
        else:
            self._transport.write(head)
            if not owes_body:
                self._expect_progress()

    async def send_body(self, body: AsyncIterator[bytes]) -> None:
        """Send it to its end, or until the service has answered without waiting for it. Raises as `body` does."""
        sending = asyncio.create_task(self._send_body(body))
        sending.add_done_callback(self._on_sent)
        try:
            while not self.status and not sending.done():
                await self._wait()
            if sending.done():
                sending.result()
        finally:
            sending.cancel()

    async def _send_body(self, body: AsyncIterator[bytes]) -> None:
        async for piece in body:
            await self._write(piece)
        self._owes_body = False
        if not self.status:
            self._expect_progress()

    async def _write(self, piece: bytes) -> None:
        """Send a piece of the body at the service's pace. Raises ServiceBroken."""
        if self._is_lost:
            raise ServiceBroken(self._pool.name)
        self._transport.write(piece)
        if not self._is_writable.is_set():
            self._expect_progress()
            try:
                await self._is_writable.wait()
            finally:
                self._pool.due.pop(self, None)

    def _on_sent(self, sending: asyncio.Task[None]) -> None:
        if not sending.cancelled():
            sending.exception()  # looked at, so that asyncio does not report it as missed
        self._tell()

    def _expect_progress(self) -> None:
        self._pool.expect_progress(self, self._loop.time())

    # The answer

    def on_answer(self, listener: Callable[[], None]) -> None:
        """Call `listener` once, when there may be more of the answer, or it is known that there will be none."""
        self._listener = listener

    async def wait_head(self) -> None:
        """Return when the status and headers are there. Raises ServiceTooSlow or ServiceBroken."""
        while not self.status:
            await self._wait()

    def body_so_far(self) -> bytes:
        """What has come of the body and was not taken yet, without waiting."""
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        if self._chunks_bytes > PAUSE_BYTES:
            self._transport.resume_reading()
        self._chunks_bytes = 0
        return body

    async def wait_body(self) -> None:
        """Return when there is more of the body, or its end. Raises ServiceBroken."""
        while not self._chunks and not self.is_complete:
            await self._wait()

    async def whole_body(self) -> bytes:
        """All that is left of it. Raises ServiceBroken."""
        body = b""
        while not self.is_complete:
            await self.wait_body()
            body += self.body_so_far()
        return body + self.body_so_far()

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        told = self._loop.create_future()
        self.on_answer(partial(_settle, told))
        await told

    def _tell(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._pool.due.pop(self, None)
        self._tell()

    def time_out(self) -> None:
        """The service neither took the request nor answered it."""
        self._fail(ServiceTooSlow(self._pool.name))

    # Giving back

    def done(self) -> None:
        """Keep the connection if its answer was taken to the end, else close it."""
        self._idle_since_s = self._loop.time()
        self.was_used = True
        # Where a body is still owed, the next request would be taken for it.
        if self.is_complete and self._keeps_alive and not (self._owes_body or self._is_lost or self._error):
            self._is_idle = True
            self._pool.keep(self)
        else:
            self.close()

    def close(self) -> None:
        self._transport.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._is_writable.set()
        if not self.is_complete:
            self._fail(ServiceBroken(self._pool.name))

    def pause_writing(self) -> None:
        self._is_writable.clear()

    def resume_writing(self) -> None:
        self._is_writable.set()

    def data_received(self, data: bytes) -> None:
        if self._is_idle:  # nobody asked: it must not become the answer to the next request
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.abort()
            self._error = ServiceBroken(self._pool.name)
        if self._error is not None:
            self._fail(self._error)
        elif self.status:
            self._tell()

    def eof_received(self) -> None:
        """An answer without a length ends with the connection, which we never accept as complete; asyncio closes."""

    # What httptools calls

    def on_message_begin(self) -> None:
        if self.is_complete:  # nobody asked for more
            self._error = ServiceBroken(self._pool.name)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status:  # a trailer, or of a second answer
            return
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-length":
            self.has_length = True
        elif name == b"cache-control":
            self.says_how_kept = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # 100 Continue and the like: the answer is still to come
            self.headers, self.has_length, self.says_how_kept = [], False, False
            return
        if self.status or status > 599:  # a second answer, which nobody asked for; or none that HTTP knows
            self.status = 0
            self._error = ServiceBroken(self._pool.name)
            return
        self.status = status
        self._pool.due.pop(self, None)
        self._keeps_alive = self._parser.should_keep_alive()
        if self._is_head:
            self._end_without_body()

    def _end_without_body(self) -> None:
        """An answer to HEAD has a length but no body, which the parser cannot know: start with a new one."""
        self.is_complete = True
        self._parser = httptools.HttpResponseParser(self)

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._chunks_bytes += len(body)
        if self._chunks_bytes > PAUSE_BYTES:
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self.status:
            self.is_complete = True


def _settle(told: asyncio.Future[None]) -> None:
    if not told.done():  # as it is when who waited was cancelled
        told.set_result(None)
