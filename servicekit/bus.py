"""The bus: one Redis connection that carries commands, publications and subscriptions (RESP3).

RESP3 lets pushed messages and replies share a connection, so "connected" means both, and a reply that follows a push
was made after it. hiredis parses; the protocol around it is ours because a message costs 4 µs this way, against 48 µs
through redis-py's pipeline and pub/sub (docs/decisions/0003-our-own-bus.md).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias, cast

import hiredis

from servicekit.bus_address import BusAddress
from servicekit.logs import get_logger

Command: TypeAlias = tuple[str | bytes | int, ...]
Reply: TypeAlias = Any
Handler: TypeAlias = Callable[[bytes], None]
Listener: TypeAlias = Callable[[], None]
_PROOF_MS = 1_000
log = get_logger(__name__)


class BusUnavailable(ConnectionError):
    """Redis is away; whether the commands in flight took effect is not known."""


class Bus:
    """A connection to Redis that comes back by itself, and brings its subscriptions along.

    Delivery is at most once: what is published while it is away is lost. Who needs more listens to
    `on_connected` and reads the truth from a store then.
    """

    def __init__(self, url: str, *, prefix: str = "parley:", retry_s: float = 0.2, silence_s_max: float = 3.0) -> None:
        self._address = BusAddress(url)
        self._prefix = prefix.encode()
        self._retry_s = retry_s
        self._silence_s_max = silence_s_max
        self._handlers: dict[bytes, Handler] = {}
        self._prologue: list[Command] = []
        self._connection: _Connection | None = None
        self._connected_listeners: list[Listener] = []
        self._disconnected_listeners: list[Listener] = []
        self._is_refusing = False

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    def on_connected(self, listener: Listener) -> None:
        """Call `listener` after each (re-)connection, when all subscriptions are in force again."""
        self._connected_listeners.append(listener)

    def on_disconnected(self, listener: Listener) -> None:
        self._disconnected_listeners.append(listener)

    def begin_with(self, command: Command) -> None:
        """Send `command` first on each connection, before what anybody else has to send."""
        self._prologue.append(command)

    def channel(self, name: str) -> bytes:
        """The channel or key of that name in Redis, for use in commands."""
        return self._prefix + name.encode()

    def execute(self, *commands: Command) -> asyncio.Future[list[Reply]]:
        """Send `commands` as one pipeline; their replies in order, a `hiredis.ReplyError` in place of a refused one.

        The future fails with BusUnavailable when the connection is away or breaks before the last reply.
        """
        if self._connection is None:
            failed: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
            failed.set_exception(BusUnavailable("Redis is away"))
            return failed
        return self._connection.execute(commands)

    async def ask(self, *commands: Command) -> list[Reply]:
        """Their replies. Raises BusUnavailable, also where Redis refuses one: it is full, or does not let us."""
        return accepted(await self.execute(*commands))

    def send(self, *commands: Command) -> None:
        """Send `commands` if Redis is there; nobody waits for what becomes of them."""
        if self._connection is not None:
            self._connection.execute(commands).add_done_callback(_forget)

    def subscribe(self, name: str, handler: Handler) -> Awaitable[bool]:
        """Pass each payload of channel `name` to `handler`. True once in force; False: from the next connection on."""
        channel = self.channel(name)
        self._handlers[channel] = handler
        # SUBSCRIBE is confirmed by a push, which carries no order; the reply to PING comes after it.
        return self._in_force(self.execute(("SUBSCRIBE", channel), ("PING",)))

    def unsubscribe(self, name: str) -> None:
        """Nothing more of channel `name` reaches its handler from now on."""
        channel = self.channel(name)
        if self._handlers.pop(channel, None) is not None:
            self.send(("UNSUBSCRIBE", channel))

    @staticmethod
    async def _in_force(confirmed: asyncio.Future[list[Reply]]) -> bool:
        try:
            await confirmed
        except BusUnavailable:
            return False
        return True

    async def ping(self) -> bool:
        """Whether Redis answers now; what was published before has been heard then."""
        return await self._in_force(self.execute(("PING",)))

    async def is_sound(self) -> bool:
        """Whether Redis answers now, and keeps what it is told: it may be full, or a replica."""
        try:
            await self.ask(("SET", self.channel("proof"), "", "PX", _PROOF_MS))
        except BusUnavailable as error:
            if self.is_connected and not self._is_refusing:
                log.warning("redis refuses", reason=str(error))
            self._is_refusing = self.is_connected
            return False
        self._is_refusing = False
        return True

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        reported = False
        while True:
            try:
                async with asyncio.timeout(self._silence_s_max):
                    connection = await self._connect()
            except (OSError, BusUnavailable, hiredis.HiredisError, TimeoutError) as error:
                if not reported:
                    log.warning("redis is away", reason=str(error) or type(error).__name__)
                reported = True
                await asyncio.sleep(self._retry_s)
                continue
            log.info("redis is connected")
            reported = False
            try:
                await self._serve(connection)
            finally:
                self._connection = None
                connection.abort()
                for listener in self._disconnected_listeners:
                    listener()

    async def _connect(self) -> "_Connection":
        loop, address = asyncio.get_running_loop(), self._address
        if address.path:
            _, connection = await loop.create_unix_connection(self._new_connection, address.path)
        else:
            _, connection = await loop.create_connection(
                self._new_connection, address.host, address.port, ssl=address.ssl
            )
        try:
            replies = await connection.execute([*address.greeting(), *self._prologue])
        except BaseException:
            connection.abort()
            raise
        if refused := [reply for reply in replies if isinstance(reply, hiredis.ReplyError)]:
            connection.abort()
            raise refused[0]
        return connection

    def _new_connection(self) -> "_Connection":
        return _Connection(self._on_push)

    async def _serve(self, connection: "_Connection") -> None:
        self._connection = connection
        channels = list(self._handlers)
        subscribe: list[Command] = [("SUBSCRIBE", *channels)] if channels else []
        try:
            await self._ask(connection, *subscribe, ("PING",))
            for listener in self._connected_listeners:
                listener()
            await self._watch(connection)
        except BusUnavailable:
            log.warning("redis went away")

    async def _watch(self, connection: "_Connection") -> None:
        """Return when the connection is lost, or silent for too long: a hung server closes nothing."""
        while True:
            await self._ask(connection, ("PING",))
            await connection.wait_lost(self._silence_s_max / 3)

    async def _ask(self, connection: "_Connection", *commands: Command) -> None:
        try:
            async with asyncio.timeout(self._silence_s_max):
                await connection.execute(commands)
        except TimeoutError:
            raise BusUnavailable("no answer") from None

    def _on_push(self, push: Sequence[Any]) -> None:
        if push[0] == b"message" and (handler := self._handlers.get(push[1])) is not None:
            try:
                handler(push[2])
            except Exception:  # its message is lost; the connection and what else came on it are not
                log.exception("a handler failed")


def accepted(replies: list[Reply]) -> list[Reply]:
    """The same, if Redis refused none of the commands. Raises BusUnavailable."""
    for reply in replies:
        if isinstance(reply, hiredis.ReplyError):
            raise BusUnavailable(str(reply))
    return replies


class _Connection(asyncio.Protocol):
    """One connection's bytes: commands out, replies and pushes in, matched by order."""

    def __init__(self, on_push: Callable[[Sequence[Any]], None]) -> None:
        self._on_push = on_push
        self._reader = hiredis.Reader()
        self._pipelines: deque[_Pipeline] = deque()
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of that class

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        for pipeline in self._pipelines:
            if not pipeline.done.done():
                pipeline.done.set_exception(BusUnavailable("the connection to Redis broke"))
        self._pipelines.clear()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                if isinstance(reply, hiredis.PushNotification):
                    self._on_push(reply)
                else:
                    self._on_reply(reply)
        except hiredis.ProtocolError:
            self.abort()

    def _on_reply(self, reply: Reply) -> None:
        if not self._pipelines:  # nobody asked: which answer belongs to what is not known any more
            self.abort()
            return
        pipeline = self._pipelines[0]
        pipeline.replies.append(reply)
        if len(pipeline.replies) == pipeline.length:
            self._pipelines.popleft()
            if not pipeline.done.done():
                pipeline.done.set_result(pipeline.replies)

    def execute(self, commands: Sequence[Command]) -> asyncio.Future[list[Reply]]:
        pipeline = _Pipeline(sum(command[0] not in _ANSWERED_BY_PUSH for command in commands))
        if self._transport is None or self._transport.is_closing():
            pipeline.done.set_exception(BusUnavailable("the connection to Redis is closed"))
        else:
            self._transport.write(b"".join([hiredis.pack_command(command) for command in commands]))  # type: ignore[arg-type]
            if pipeline.length:
                self._pipelines.append(pipeline)
            else:
                pipeline.done.set_result([])
        return pipeline.done

    async def wait_lost(self, timeout_s: float) -> None:
        """Return after `timeout_s`. Raises BusUnavailable as soon as the connection is lost."""
        try:
            async with asyncio.timeout(timeout_s):  # not wait_for: Python 3.11's may swallow a cancellation
                await self._lost.wait()
        except TimeoutError:
            return
        raise BusUnavailable("the connection to Redis broke")

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _forget(done: asyncio.Future[list[Reply]]) -> None:
    """Look at the exception, so that asyncio does not report it as missed."""
    if not done.cancelled():
        done.exception()


_ANSWERED_BY_PUSH = frozenset({"SUBSCRIBE", "UNSUBSCRIBE"})


class _Pipeline:
    __slots__ = ("done", "length", "replies")

    def __init__(self, length: int) -> None:
        self.length = length
        self.replies: list[Reply] = []
        self.done: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
