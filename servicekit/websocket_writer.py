"""The writing half of a WebSocket: what is sent waits in the outbox, which is bounded.

It leaves at the end of the event loop's turn: what one batch of news brings to a connection is one write, and for
the gateway and the client one read. A write costs several times what it takes to put a frame into the outbox.
"""

import asyncio
from enum import Enum
from functools import lru_cache
from typing import ClassVar

from servicekit.frames import CloseCode
from servicekit.logs import get_logger

log = get_logger(__name__)


class Phase(Enum):
    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


_OPEN = Phase.OPEN  # each look into an Enum is a call
_BATCH_BYTES = 64 * 1024  # in one write: about what a transport takes before it asks for a pause


class WebSocketWriter(asyncio.Protocol):
    """A reader so slow that the outbox fills is closed with 1013."""

    outbox_events_max: ClassVar[int] = 256
    outbox_bytes_max: ClassVar[int] = 1024 * 1024

    def __init__(self) -> None:
        self.phase = Phase.CONNECTING
        self._transport: asyncio.Transport
        self._turn = _turn_of(asyncio.get_running_loop())
        self._outbox: list[bytes] = []
        self._outbox_bytes = 0
        self._is_writable = True
        self._is_held = False
        self._draining: asyncio.Future[None] | None = None

    @property
    def outbox_is_filling(self) -> bool:
        return len(self._outbox) > self.outbox_events_max // 2 or self._outbox_bytes > self.outbox_bytes_max // 2

    @property
    def is_writable(self) -> bool:
        """Whether what is sent now leaves at the end of this turn."""
        return self.phase is _OPEN and self._is_writable and not self._is_held

    @property
    def is_open(self) -> bool:
        return self.phase is _OPEN

    def send(self, frame: bytes) -> None:
        """Send an encoded frame, in order; dropped when the connection is no longer open."""
        if self.phase is not _OPEN:
            return
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        if self._is_writable and not self._is_held:
            if len(self._outbox) == 1:
                self._turn.add(self)
            if self._outbox_bytes >= _BATCH_BYTES:
                self._flush()
        elif len(self._outbox) > self.outbox_events_max or self._outbox_bytes > self.outbox_bytes_max:
            self.close(CloseCode.TRY_AGAIN_LATER, "too slow: the outbox is full")

    def send_first(self, frame: bytes) -> None:
        """Send at once, before what is held (see `hold`) or cannot be written."""
        if self.phase is _OPEN:
            self._flush()
            self._transport.write(frame)

    async def drained(self) -> None:
        """Return when the transport takes more; the pace of who sends a lot at once."""
        while self.phase is _OPEN and not self._is_writable:
            if self._draining is None or self._draining.done():
                self._draining = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._draining)  # others may wait for the same

    def hold(self) -> None:
        """Keep what is sent from now on in the outbox, until `release`."""
        self._flush()
        self._is_held = True

    def release(self) -> None:
        self._is_held = False
        self._flush()

    def close(self, code: int, reason: str = "") -> None:
        raise NotImplementedError

    # What asyncio calls

    def pause_writing(self) -> None:
        self._is_writable = False

    def resume_writing(self) -> None:
        self._is_writable = True
        self._wake_draining()
        self._flush()

    # What the protocol calls

    def _drop_outbox(self) -> None:
        self._outbox.clear()
        self._outbox_bytes = 0
        self._wake_draining()

    def _wake_draining(self) -> None:
        if self._draining is not None and not self._draining.done():
            self._draining.set_result(None)

    def _flush(self) -> None:
        while self._outbox and self._is_writable and not self._is_held:
            if len(self._outbox) == 1:
                self._outbox_bytes = 0
                self._transport.write(self._outbox.pop())
            else:
                self._transport.writelines(self._next_batch())

    def _next_batch(self) -> list[bytes]:
        count = size = 0
        while count < len(self._outbox) and size < _BATCH_BYTES:
            size += len(self._outbox[count])
            count += 1
        batch, self._outbox = self._outbox[:count], self._outbox[count:]
        self._outbox_bytes -= size
        return batch


class _Turn:
    """Whose frames leave at the end of the event loop's turn: one call for all, not one for each."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._writers: list[WebSocketWriter] = []

    def add(self, writer: WebSocketWriter) -> None:
        if not self._writers:
            self._loop.call_soon(self._end)
        self._writers.append(writer)

    def _end(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            try:
                writer._flush()  # noqa: SLF001 - it is one with the writers
            except Exception:  # which concerns no other connection
                log.exception("a connection cannot be written")


@lru_cache(maxsize=1)  # a process has one loop, and to ask for it with each frame takes time
def _turn_of(loop: asyncio.AbstractEventLoop) -> _Turn:
    return _Turn(loop)
