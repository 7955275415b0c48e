"""The WebSocket protocol: one connection from handshake to close, as uvicorn runs it instead of its own.

A message costs a fifth of its way through ASGI's queues here, an idle connection a tenth of the memory, and a frame
that goes to many is encoded once (docs/decisions/0004-our-own-websocket-protocol.md).
"""

import asyncio
from math import inf
from typing import Any, ClassVar, cast

from servicekit import frames, metrics
from servicekit.frames import CloseCode, FrameError, FrameReader, Opcode
from servicekit.handshake import BAD_HANDSHAKE, Handshake, acceptance, refusal_response
from servicekit.logs import bind_request_id, get_logger
from servicekit.middleware import log_refused
from servicekit.problems import ProblemType, Refusal, RefusalTable, Unavailable, problem_type_of
from servicekit.websocket_reader import MESSAGES_PER_TURN_MAX, WebSocketReader
from servicekit.websocket_writer import Phase

log = get_logger(__name__)


class WebSocketProtocol(WebSocketReader):
    """A server's side of one connection. A subclass says who may enter and what a message means."""

    __slots__ = ("_address",)
    message_bytes_max: int = 64 * 1024  # an instance may have its own, set before `__init__`
    ping_interval_s: ClassVar[float] = 20.0
    close_timeout_s: ClassVar[float] = 5.0
    refusals: ClassVar[RefusalTable] = {}

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        """As uvicorn calls it; `app_state` is what the lifespan yielded."""
        super().__init__()
        self.app_state = app_state
        self.request_id = ""
        self._address = ""  # of the client, as the gateway says
        self._server_state = server_state
        self._reader = FrameReader(self.message_bytes_max)
        self._is_broken = False
        self._expires_at_s = inf
        self._timer: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._opening: asyncio.Task[None] | None = None  # while it lasts

    # What a subclass says

    async def admit(self, handshake: Handshake) -> None:
        """Let the client in by returning. Raises a Refusal, which becomes the answer to the handshake."""
        raise NotImplementedError

    def opened(self) -> None:
        """The handshake is answered; frames may be sent. Called without a step after `admit` has returned."""

    def not_opened(self) -> None:
        """Called instead where `admit` did not let the client in, or the client is gone: give up what `admit` took."""

    def received(self, opcode: int, payload: bytes) -> None:
        """A whole TEXT (valid UTF-8) or BINARY message came."""
        raise NotImplementedError

    def closed(self) -> None:
        """The connection left the OPEN phase; nothing can be sent any more. Called once, after `opened`."""

    def answered_ping(self) -> None:
        """The client has read all that was sent before a ping."""

    def answered_probe(self, payload: bytes) -> None:
        """The client has read all that was sent before that probe, and so before the probes that were sent earlier."""

    # What a subclass uses

    def ping(self) -> None:
        """Send a ping, before what is held."""
        self.send_first(_PING)

    def probe(self, payload: bytes) -> None:
        """Send a ping with that payload (1 to 125 bytes), before what is held; see `answered_probe`."""
        self.send_first(frames.encode(Opcode.PING, payload))

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake (RFC 6455 §7.1.2); what is held or cannot be written is dropped."""
        if self.phase is not Phase.OPEN:
            return
        self._flush()
        self._transport.write(frames.close_frame(code, reason))
        self._leave(Phase.CLOSING)
        self._read_in_any_case()
        self._set_timer(self.close_timeout_s, self._transport.abort)

    def expire_after(self, remaining_s: float) -> None:
        """Close with SESSION_ENDED then: the token has expired."""
        self._expires_at_s = asyncio.get_running_loop().time() + remaining_s
        if self.phase is _OPEN:
            self._set_look()

    # What asyncio and uvicorn call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of that class
        self._server_state.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server_state.connections.discard(self)
        self._leave(Phase.CLOSED)
        if self._opening is not None:
            self._opening.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._transport.pause_reading()
            self._opening = asyncio.create_task(self._open(data))
            self._opening.add_done_callback(self._opening_ended)
            return
        self._heard_since_ping = True
        if not self._is_broken:
            self._reader.feed(data)
            self._read_messages()

    def shutdown(self) -> None:
        """The server is about to end."""
        if self.phase is Phase.CONNECTING:
            self._transport.close()
        self.close(CloseCode.SERVICE_RESTART, "the service restarts")

    # The phases

    async def _open(self, head: bytes) -> None:
        handshake = Handshake(head)
        self.request_id = handshake.request_id
        self._address = handshake.headers.get("x-forwarded-for", "")
        bind_request_id(handshake.request_id)
        try:
            answer = acceptance(handshake)
            await self.admit(handshake)
        except asyncio.CancelledError:
            self.not_opened()
            raise
        except Refusal as refusal:
            self._refuse(refusal)
            status = problem_type_of(refusal, self._refusals).status
            log_refused(status, event="handshake refused", address=self._address, reason=str(refusal))
        except Exception:
            log.exception("handshake failed")
            self._refuse(_Fault("The service failed; the log knows why."))
        else:
            if self.phase is Phase.CONNECTING and not self._transport.is_closing():
                self._let_in(answer)
                return
        self.not_opened()

    def _opening_ended(self, _: asyncio.Task[None]) -> None:
        self._opening = None

    def _let_in(self, answer: bytes) -> None:
        self._transport.write(answer)
        self.phase = Phase.OPEN
        metrics.open_connections.inc()
        self._set_look()
        self.opened()
        if self._is_reading:
            self._transport.resume_reading()

    def _refuse(self, refusal: Refusal) -> None:
        if not self._transport.is_closing():
            self._transport.write(refusal_response(refusal, self._refusals, self.request_id))
            self._transport.close()

    @property
    def _refusals(self) -> RefusalTable:
        return {**self.refusals, **_FAULTS, **BAD_HANDSHAKE}

    def _leave(self, phase: Phase) -> None:
        was, self.phase = self.phase, phase
        self._drop_outbox()
        if was is Phase.OPEN:
            metrics.open_connections.dec()
            self.closed()

    def _read_messages(self) -> None:
        try:
            for _ in range(MESSAGES_PER_TURN_MAX):
                if not (self.reads_now and self.phase in _READING):
                    return
                message = self._reader.next_message()
                if message is None:
                    return
                self._dispatch(*message)
            self._let_wait(0)
        except FrameError as error:
            log_refused(int(error.code), event="protocol error", address=self._address, reason=error.reason)
            self.close(error.code, error.reason)
            self._discard_rest()
        except Exception:  # who let it read on, perhaps with somebody else's work in hand, has nothing to do with it
            log.exception("fault")
            self.close(CloseCode.INTERNAL_ERROR, "a fault of the service")
            self._discard_rest()

    def _discard_rest(self) -> None:
        """Read on without looking: closing at once would reset the line, and the client might miss the close frame."""
        self._is_broken = True
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _dispatch(self, opcode: int, payload: bytes) -> None:
        if opcode == _CLOSE:
            self._on_close(frames.read_close(payload))
        elif self.phase is not _OPEN:
            return
        elif opcode in _DATA:
            self.received(opcode, payload)
        else:
            self._on_control(opcode, payload)

    def _on_control(self, opcode: int, payload: bytes) -> None:
        self.count_idle()
        if opcode == Opcode.PING:
            answer = frames.encode(Opcode.PONG, payload)
            (self.send_first if self._is_writable else self.send)(answer)  # it waits for a full line, not for a hold
        else:
            self._on_pong(payload)

    def _on_pong(self, payload: bytes) -> None:
        if payload:
            self.answered_probe(payload)
        else:
            self.answered_ping()

    def _on_close(self, code: int) -> None:
        if self.phase is Phase.OPEN:
            self._flush()
            self._transport.write(frames.close_frame(code))
        self._leave(Phase.CLOSED)
        self._transport.close()

    def _set_look(self) -> None:
        """One timer for both: most connections have no other."""
        remaining_s = self._expires_at_s - asyncio.get_running_loop().time()
        self._set_timer(min(self.ping_interval_s, max(0, remaining_s)), self._look)

    def _look(self) -> None:
        if asyncio.get_running_loop().time() >= self._expires_at_s - _EARLY_S_MAX:
            self.close(CloseCode.SESSION_ENDED, "the token has expired")
        elif self._is_reading and not self._heard_since_ping:
            log.info("connection is silent")
            self._transport.abort()
        else:
            self._heard_since_ping = False
            self.ping()
            self._set_look()

    def _set_timer(self, delay_s: float, act: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, act)


class _Fault(Unavailable):
    """Our own mistake, told without its details."""


_FAULTS: RefusalTable = {_Fault: ProblemType(500, "internal_error")}
_EARLY_S_MAX = 0.01  # a timer counts in milliseconds
_PING = frames.encode(Opcode.PING, b"")
_OPEN, _CLOSE = Phase.OPEN, Opcode.CLOSE  # each look into an Enum is a call
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY})
_READING = frozenset({Phase.OPEN, Phase.CLOSING})
