"""The HTTP protocol: uvicorn's, with answers in one write and limits on slow and endless requests.

uvicorn writes an answer's head and body one after the other; uvloop turns each write into a system call, and the client
wakes up twice. Here the head leaves with the first piece of the body, and is checked as a whole instead of field by
field: together a third less time for a small answer.
"""

import asyncio
from typing import Any, ClassVar

import httptools
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from servicekit.deadlines import NEVER_S, USUAL, Deadlines, Phase, RequestClock, announces_files
from servicekit.handshake import refusal_response
from servicekit.lazy_event import LazyEvent
from servicekit.middleware import log_refused, new_request_id
from servicekit.problems import Malformed, ProblemType, Refusal, RefusalTable, TooSlow, problem_type_of
from servicekit.request_targets import WrongTarget, check_host, complete_scope, in_origin_form
from servicekit.response_writer import ResponseWriter
from servicekit.timed_flow import TimedFlow

_HEAD, _BODY, _ANSWER, _IDLE = Phase.HEAD, Phase.BODY, Phase.ANSWER, Phase.IDLE  # each look into an Enum is a call
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})

LINGER_BYTES_MAX = 1024 * 1024  # that are read, and thrown away, of who has been refused
PIPELINED_MAX = 100  # requests behind one that has no answer yet; a single read may bring 10,000, of 750 bytes each
HEAD_BYTES_MAX = 64 * 1024  # of one that comes in pieces; what a single read brings is bounded anyway


class HeadTooLarge(Refusal):
    def __init__(self) -> None:
        super().__init__(f"The head of the request is larger than {HEAD_BYTES_MAX} bytes.")


_REFUSALS: RefusalTable = {HeadTooLarge: ProblemType(431, "head_too_large")}


class HttpProtocol(HttpToolsProtocol):
    """A connection is looked at now and then, and ended when what it owes is overdue: a request, or room for an answer.

    That costs a request next to nothing, unlike a timer for each.
    """

    deadlines: ClassVar[Deadlines] = USUAL
    refusals: ClassVar[RefusalTable] = _REFUSALS
    _running: RequestResponseCycle | None = None  # what is being answered; `cycle` is the newest that has come
    _timer: asyncio.TimerHandle | None = None  # of the next look, and once it is refused of the end
    _clock: RequestClock
    _now_s: float  # when the data came that are being parsed
    _stalled_since_s: float | None = None  # since when the client takes too little of what is written
    _is_refused = False
    _reason = ""  # why the head that is being read is none
    _field_bytes = 0  # come since a head was complete or a body went on: all that a head or trailers may have
    _has_progressed = False
    _good_headers: list[tuple[bytes, bytes]] | None = None  # of a request before, with a Host

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._now_s = self.loop.time()
        self._clock = RequestClock(self._now_s)
        self.flow = TimedFlow(self.transport, self._clock, self.loop)
        self._timer = self.loop.call_at(self._now_s + self.deadlines.look_interval_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._tell_of_end()
        self._break_circles()

    def _break_circles(self) -> None:
        """Else what has ended waits for the collector, which comes seldom: 4 KiB for each of 1,800 WebSockets."""
        self._look_no_more()
        self.cycle = self.parser = self._running = self._timer = None  # type: ignore[assignment]
        self.pipeline.clear()

    def _tell_of_end(self) -> None:
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def handle_websocket_upgrade(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:  # its answer would end up in the WebSocket
            self._refuse(Malformed("A request before the handshake has no answer yet."))
            return
        super().handle_websocket_upgrade()
        self._break_circles()

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._field_bytes += len(data)
            if self._field_bytes > LINGER_BYTES_MAX:
                self.transport.abort()
            return
        self._has_progressed = False
        self._now_s = self.loop.time()
        self._parse(data)
        if self._has_progressed:
            self._field_bytes = 0
            return
        self._field_bytes += len(data)
        if self._field_bytes > HEAD_BYTES_MAX:
            self._refuse(HeadTooLarge())

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self._refuse(Malformed(self._reason or "Invalid HTTP request received."))
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._unsupported_upgrade_warning()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Malformed(msg))

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, and end the connection: at once in one direction, soon in the other.

        Closing it with something unread would reset it, and the client might miss the answer (RFC 9112 §9.6).
        """
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        self._field_bytes = 0
        self._look_no_more()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not (cycle.response_started or self.pipeline):
            self.transport.write(refusal_response(refusal, self.refusals, new_request_id()))
            address = self.client[0] if self.client else ""
            log_refused(problem_type_of(refusal, self.refusals).status, address=address, reason=str(refusal))
        self._tell_of_end()  # in the middle of another answer that is all there is to say
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(self.deadlines.linger_s, self.transport.abort)

    def on_message_begin(self) -> None:
        self._clock.enter(_HEAD, self._now_s)
        HttpToolsProtocol.on_message_begin(self)

    def on_headers_complete(self) -> None:
        self._has_progressed = True
        self._clock.enter(_BODY, self._now_s)
        if self._skips_body() or len(self.pipeline) >= PIPELINED_MAX:
            raise ValueError  # which the parser passes on, so that the request is refused
        if self.headers != self._good_headers or not self.url.startswith(b"/"):
            self._check_target()
        scope: Any = self.scope
        complete_scope(scope, self.url, self.parser)
        if not (self.parser.should_upgrade() and self._should_upgrade()):
            self._answer_in_turn()
        self.headers = self.headers.copy()  # trailers come to this list too, and are no headers

    def _check_target(self) -> None:
        """Raises WrongTarget. Most requests of a connection come with the same headers, which are looked at once."""
        self._good_headers = None
        try:
            has_host = check_host(self.headers, self.parser.get_http_version())
            if not self.url.startswith(b"/"):
                self.url = in_origin_form(self.url, self.headers)
        except WrongTarget as error:
            self._reason = str(error)
            raise
        if has_host:  # where there is none, the next request may need one
            self._good_headers = self.headers

    def _answer_in_turn(self) -> None:
        """At once, or when the request before has its answer."""
        before: RequestResponseCycle | None = self.cycle
        self.cycle = cycle = RequestResponseCycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            LazyEvent(),  # type: ignore[arg-type]  # which is one in all that a cycle asks of it
            self.expect_100_continue,
            self.scope["http_version"] != "1.0" and self.parser.should_keep_alive(),
            self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

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
        self._clock.hear(len(body), self._now_s)
        super().on_body(body)

    def on_message_complete(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        is_answered = cycle is not None and cycle.response_complete
        self._clock.enter(_IDLE if is_answered else _ANSWER, self._now_s)
        HttpToolsProtocol.on_message_complete(self)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing() or self._is_refused:
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)  # type: ignore[arg-type]
        elif self._clock.phase is _ANSWER:
            self._clock.enter(_IDLE, self.loop.time())

    def pause_writing(self) -> None:
        self._stalled_since_s = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stalled_since_s = None
        super().resume_writing()

    # Looking for who is slow

    def takes_files(self) -> bool:
        """Whether the body that is coming may take as long as it has to, at the pace of an upload."""
        return announces_files(self.headers)

    def _look(self) -> None:
        now_s = self.loop.time()
        if self._stalled_since_s is None and self.transport.is_closing():
            self._stalled_since_s = now_s  # what is written last may never be taken
        stall_due_s = NEVER_S
        if self._stalled_since_s is not None:
            stall_due_s = self._stalled_since_s + self.deadlines.answer_stall_s_max
        request_due_s = self._request_due_s()
        if stall_due_s <= now_s:
            self.transport.abort()
        elif request_due_s <= now_s:
            self._end_slow_request()
        else:
            next_s = min(now_s + self.deadlines.look_interval_s, stall_due_s, request_due_s)
            self._timer = self.loop.call_at(next_s, self._look)

    def _request_due_s(self) -> float:
        running, phase = self._running, self._clock.phase
        is_behind = running is not None and running is not self.cycle and not running.response_complete
        if self.transport.is_closing() or is_behind or (phase is _HEAD and not self._is_answered):
            return NEVER_S  # nothing more is awaited, or not before the answer to an earlier request
        takes_files = phase is _BODY and self.takes_files()
        return self._clock.due_s(self.deadlines, keep_alive_s=self.timeout_keep_alive, takes_files=takes_files)

    @property
    def _is_answered(self) -> bool:
        """Whether all requests that have come are."""
        return self._running is None or self._running.response_complete

    def _end_slow_request(self) -> None:
        if self._clock.phase is _HEAD or (self._clock.phase is _BODY and not self._is_answered):
            self._refuse(TooSlow())
        elif self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _look_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        self._running = cycle
        self._start(cycle, app)

    def _start(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        """Have the request answered by the application."""
        writer = ResponseWriter(cycle)

        async def answered_in_one_write(scope: Scope, receive: Receive, _: Send) -> None:
            try:
                await app(scope, receive, writer.send)
            except asyncio.CancelledError:  # the server ends, and has waited long enough
                cycle.disconnected = True
                cycle.transport.abort()

        super()._start_asgi_task(cycle, answered_in_one_write)  # type: ignore[arg-type]
