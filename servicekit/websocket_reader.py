"""The reading half of a WebSocket: when it reads on. Who sends faster than anybody needs to is read at a pace."""

import asyncio

from servicekit.websocket_writer import Phase, WebSocketWriter

MESSAGES_PER_TURN_MAX = 32  # of the event loop: one read may bring 40,000, and everybody else waits for the end of it
_IDLE_PER_S, _IDLE_BURST = 200, 400
_BREATH_S = 0.05


class WebSocketReader(WebSocketWriter):
    """Messages stop for two reasons, each by itself: the subclass has its hands full, or the client has to wait."""

    # Beside the dictionary, which would no longer share its keys with those of all other connections.
    __slots__ = ("_has_to_wait", "_idle_due_s")

    def __init__(self) -> None:
        super().__init__()
        self._is_reading = True
        self._has_to_wait = False
        self._heard_since_ping = True
        self._idle_due_s = 0.0  # when all that it has sent for nothing is earned (the generic cell rate algorithm)

    def pause_reading(self) -> None:
        """Take no more messages until `resume_reading`; the client's sending stops soon (TCP's flow control)."""
        if self._is_reading and self.phase is Phase.OPEN:
            self._is_reading = False
            if not self._has_to_wait:
                self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._read_on()

    def count_idle(self, count: int = 1) -> None:
        """The client has sent something that no other limit counts: so many, of which it may send 200 a second.

        With more than that it is read more slowly; nothing is refused.
        """
        now_s = asyncio.get_running_loop().time()
        self._idle_due_s = max(self._idle_due_s, now_s) + count / _IDLE_PER_S
        if self._idle_due_s - now_s > _IDLE_BURST / _IDLE_PER_S:
            self._let_wait(_BREATH_S)

    @property
    def reads_now(self) -> bool:
        return self._is_reading and not self._has_to_wait

    def _let_wait(self, delay_s: float) -> None:
        """Read on after that time, with 0 in the next turn of the event loop."""
        if self._has_to_wait or self.phase is Phase.CLOSED:
            return
        self._has_to_wait = True
        if self._is_reading:
            self._transport.pause_reading()
        asyncio.get_running_loop().call_later(delay_s, self._has_waited)

    def _has_waited(self) -> None:
        if self._has_to_wait:
            self._has_to_wait = False
            if self._is_reading:
                self._read_on()

    def _read_on(self) -> None:
        if self._has_to_wait or self.phase is Phase.CLOSED:
            return
        self._heard_since_ping = True  # whether it is silent shows from here on
        self._transport.resume_reading()
        self._read_messages()

    def _read_in_any_case(self) -> None:
        """What is left is thrown away, or ends it."""
        self._is_reading, self._has_to_wait = True, False
        self._transport.resume_reading()

    def _read_messages(self) -> None:
        raise NotImplementedError
