"""The upstream: one service as the gateway reaches it, with its connections, which are kept and used again."""

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from typing import TypeVar

from gateway.domain.refusals import NoFilesLeft, ServiceAway, ServiceBroken
from gateway.upstream_connection import UpstreamConnection
from servicekit.logs import get_logger
from servicekit.throttling import LogThrottle

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)

# These may be sent again when a kept connection turns out to be dead (RFC 9110 §9.2.2).
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
IDLE_S_MAX = 30.0  # below the services' keep-alive, so that they do not close under our hands
IDLE_MAX = 256  # a page asks for six things at once, and to connect is dearer than most answers
_NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
log = get_logger(__name__)


class Upstream:
    """A pool of connections to one service, which is at one or several addresses."""

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
        self._throttle = LogThrottle()
        self._look_interval_s = min(0.25, answer_timeout_s / 4)
        self._look: asyncio.TimerHandle | None = None  # while answers are awaited

    def idle_connection(self) -> UpstreamConnection | None:
        """One that was used before, if there is any."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.close()
        return None

    async def ask(self, method: str, request: bytes, *, asked: UpstreamConnection | None = None) -> UpstreamConnection:
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

    async def ask_with_body(self, method: str, head: bytes, body: AsyncIterator[bytes]) -> UpstreamConnection:
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

    async def connection(self) -> UpstreamConnection:
        """One that nobody else uses; it was used before, if possible. Raises ServiceAway."""
        return self.idle_connection() or await self._new_connection()

    async def _new_connection(self) -> UpstreamConnection:
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
                    if self._throttle.left_out(NoFilesLeft, asyncio.get_running_loop().time()) is not None:
                        log.warning("out of file descriptors", service=self.name)
                    raise NoFilesLeft from None
        raise ServiceAway(self.name)

    def expect_progress(self, connection: UpstreamConnection, now_s: float) -> None:
        """Time it out where the service does not move: a look at all now and then costs less than a timer for each."""
        self.due[connection] = now_s + self.answer_timeout_s
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(self._look_interval_s, self._look_at_all)

    def _look_at_all(self) -> None:
        loop = asyncio.get_running_loop()
        overdue = [connection for connection, due_at in self.due.items() if due_at < loop.time()]
        for connection in overdue:
            connection.time_out()
        self._look = loop.call_later(self._look_interval_s, self._look_at_all) if self.due else None

    def keep(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose answer is complete."""
        if len(self._idle) < self._idle_max:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
        for connection in self._idle:
            connection.close()
        self._idle.clear()
