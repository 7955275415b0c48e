"""Upstreams: HTTP/1.1 connections to the services, kept and used again (RFC 9112).

A protocol of our own around httptools, because this is the path that every request takes: measured on one core, a
general client is the bottleneck (docs/decisions/0005-forwarding.md).
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from itertools import count
from typing import TypeVar, cast

import httptools

from gateway.domain.headers import Headers
from gateway.domain.refusals import NoFilesLeft, ServiceAway, ServiceBroken, ServiceTooSlow
from servicekit.logs import get_logger
from servicekit.throttling import LogThrottle

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)

# These may be sent again when a kept connection turns out to be dead (RFC 9110 §9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
IDLE_S_MAX = 30.0  # below the services' keep-alive, so that they do not close under our hands
IDLE_MAX = 64
_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
log = get_logger(__name__)
PAUSE_BYTES = 256 * 1024


class Upstream:
    """One service, at one or several addresses, and its idle connections."""

    def __init__(
        self,
        name: str,
        addresses: Sequence[tuple[str, int]],
        *,
        connect_timeout_s: float,
        answer_timeout_s: float,
        idle_s_max: float = IDLE_S_MAX,
        idle_max: int = IDLE_MAX,
    ) -> None:
        self.name = name
        self.addresses = tuple(addresses)
        self.answer_timeout_s = answer_timeout_s
        self.idle_s_max = idle_s_max
        self._idle_max = idle_max
        self._connect_timeout_s = connect_timeout_s
        self.due: dict[UpstreamConnection, float] = {}  # when the service must have moved, in the loop's time
        self._idle: list[UpstreamConnection] = []
        self._turn = count()
        self._pace = LogThrottle()

    def idle_connection(self) -> "UpstreamConnection | None":
        """One that was used before, if there is any."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    async def ask(
        self, method: str, request: bytes, *, asked: "UpstreamConnection | None" = None
    ) -> "UpstreamConnection":
        """Send a whole request, unless `asked` has it already; return when the head of the answer is there.

        The connection may be another one than `asked`. Raises ServiceAway, ServiceBroken or ServiceTooSlow.
        """
        connection = asked
        if connection is None:
            connection = await self.connection()
            connection.ask(method, request)
        while True:
            try:
                await connection.wait_head()
                return connection
            except ServiceBroken:
                connection.close()
                if not connection.was_used or method not in IDEMPOTENT:
                    raise
                connection = await self._new_connection()
                connection.ask(method, request)
            except BaseException:
                connection.close()
                raise

    async def ask_with_body(self, method: str, head: bytes, body: AsyncIterator[bytes]) -> "UpstreamConnection":
        """As `ask`, with a body that comes as it comes, framed as the head says; what that raises is raised."""
        connection = await self.connection()
        connection.ask(method, head, owes_body=True)
        try:
            await connection.send_body(body)
            await connection.wait_head()
        except BaseException:
            connection.close()
            raise
        return connection

    async def connection(self) -> "UpstreamConnection":
        """One that nobody else uses; it was used before, if possible. Raises ServiceAway."""
        return self.idle_connection() or await self._new_connection()

    async def _new_connection(self) -> "UpstreamConnection":
        return await self.dial(lambda: UpstreamConnection(self))

    async def dial(self, protocol_factory: Callable[[], ProtocolT]) -> ProtocolT:
        """Connect to the next address that answers. Raises ServiceAway or NoFilesLeft."""
        first = next(self._turn)
        for step in range(len(self.addresses)):
            host, port = self.addresses[(first + step) % len(self.addresses)]
            try:
                async with asyncio.timeout(self._connect_timeout_s):
                    _, protocol = await asyncio.get_running_loop().create_connection(protocol_factory, host, port)
                    return protocol
            except (OSError, TimeoutError) as error:
                if error.errno in _NO_FILES:
                    if self._pace.left_out(NoFilesLeft, asyncio.get_running_loop().time()) is not None:
                        log.warning("out of file descriptors", service=self.name)
                    raise NoFilesLeft from None
        raise ServiceAway(self.name)

    async def watch(self) -> None:
        """Until cancelled, time out overdue answers: one look at all now and then costs less than a timer for each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(0.25, self.answer_timeout_s / 4))
            overdue = [connection for connection, due_at in self.due.items() if due_at < loop.time()]
            for connection in overdue:
                connection.time_out()

    def keep(self, connection: "UpstreamConnection") -> None:
        """Take back a connection whose exchange is complete."""
        if len(self._idle) < self._idle_max:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()


class UpstreamConnection(asyncio.Protocol):
    """One connection: one request and its answer at a time."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
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
        return not self._transport.is_closing() and idle_s < self._upstream.idle_s_max

    def ask(self, method: str, head: bytes, *, owes_body: bool = False) -> None:
        """Send a request: its head and body, or (`owes_body`) only the head, to go on with `write`."""
        self._begin(method)
        self._owes_body = owes_body
        if self._is_lost:
            self._error = ServiceBroken(self._upstream.name)
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
            raise ServiceBroken(self._upstream.name)
        self._transport.write(piece)
        if not self._is_writable.is_set():
            self._expect_progress()
            try:
                await self._is_writable.wait()
            finally:
                self._upstream.due.pop(self, None)

    def _on_sent(self, sending: asyncio.Task[None]) -> None:
        if not sending.cancelled():
            sending.exception()  # looked at, so that asyncio does not report it as missed
        self._tell()

    def _expect_progress(self) -> None:
        self._upstream.due[self] = self._loop.time() + self._upstream.answer_timeout_s

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
        self._upstream.due.pop(self, None)
        self._tell()

    def time_out(self) -> None:
        """The service neither took the request nor answered it."""
        self._fail(ServiceTooSlow(self._upstream.name))

    # Giving back

    def done(self) -> None:
        """The exchange is over: keep the connection if its answer was taken to the end, else close it."""
        self._idle_since_s = self._loop.time()
        self.was_used = True
        # Where a body is still owed, the next request would be taken for it.
        if self.is_complete and self._keeps_alive and not (self._owes_body or self._is_lost or self._error):
            self._is_idle = True
            self._upstream.keep(self)
        else:
            self.close()

    def close(self) -> None:
        self._transport.abort()

    # What asyncio and httptools call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._is_writable.set()
        if not self.is_complete:
            self._fail(ServiceBroken(self._upstream.name))

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
            self._error = ServiceBroken(self._upstream.name)
        if self._error is not None:
            self._fail(self._error)
        elif self.status:
            self._tell()

    def eof_received(self) -> None:
        """An answer without a length ends with the connection, which we never accept as complete; asyncio closes."""

    def on_message_begin(self) -> None:
        if self.is_complete:  # nobody asked for more
            self._error = ServiceBroken(self._upstream.name)

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
            self._error = ServiceBroken(self._upstream.name)
            return
        self.status = status
        self._upstream.due.pop(self, None)
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
