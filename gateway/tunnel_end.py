"""The ends of a tunnel: the connections of client and service, each of which writes what the other reads."""

import asyncio
from typing import Any, cast

import msgspec

from gateway.connection_counts import ConnectionCounts
from servicekit.deadlines import USUAL


class TunnelTimeouts(msgspec.Struct, frozen=True):
    """How long an open tunnel may be of no use."""

    half_open_s_max: float = 10.0  # since one of the two has ended
    stalled_s_max: float = USUAL.answer_stall_s_max  # while one of the two takes nothing


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel: what comes in here goes out at the other end, at the other end's pace."""

    __slots__ = ("_counts", "_server_connections", "_timeouts", "has_ended", "other", "stalled", "transport")
    other: "TunnelEnd"
    transport: asyncio.Transport

    def __init__(self, server_connections: set[Any], counts: ConnectionCounts, timeouts: TunnelTimeouts) -> None:
        self._server_connections = server_connections
        self._counts = counts
        self._timeouts = timeouts
        self.has_ended = False
        self.stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._server_connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Half-close goes through: the other direction may still have something to say, for a while."""
        self.has_ended = True
        if self.other.has_ended:
            self.transport.close()
            self.other.transport.close()
        elif not self.other.transport.is_closing():
            self.other.transport.write_eof()
            asyncio.get_running_loop().call_later(self._timeouts.half_open_s_max, self.transport.abort)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._server_connections.discard(self)
        self._counts.release(self.transport)
        close_soon(self.other.transport, self._timeouts)

    def pause_writing(self) -> None:
        # While it does not read, the other end notices nothing, not even that its peer is gone: so not for ever.
        self.stalled = asyncio.get_running_loop().call_later(self._timeouts.stalled_s_max, self.transport.abort)
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.stalled is not None:
            self.stalled.cancel()
        self.other.transport.resume_reading()

    def shutdown(self) -> None:
        self.transport.close()


class UnheardEnd(TunnelEnd):
    """The client's end where the service did not agree to a WebSocket: it gets the answer, and is not heard."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Drop it."""


def close_soon(transport: asyncio.Transport, timeouts: TunnelTimeouts) -> None:
    transport.close()
    if transport.get_write_buffer_size():  # to be written first, but a peer that takes nothing must not keep it open
        asyncio.get_running_loop().call_later(timeouts.half_open_s_max, transport.abort)


def join(one: TunnelEnd, other: TunnelEnd) -> None:
    one.other, other.other = other, one
