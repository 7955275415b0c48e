"""One person writes to another, and every message is followed from sending to delivery."""

import asyncio
import time
from dataclasses import dataclass, field

import msgspec

from bench.chat_client import Connection, Event

ARRIVAL_TIME_S_MAX = 30.0
# Each text begins with its number, which tells a lost, doubled or misplaced message from the one expected.
NUMBER_DIGITS = 9
PLAIN_TEXT = " Shall we meet at the station at noon, or rather in the café next to it?"
FORMATTED_TEXT = " Shall we meet at the **station** at _noon_, or rather in the `café` next to it?"

clock = time.perf_counter


@dataclass
class Conversation:
    """At most `window` messages are on their way: sent, but not yet both acknowledged and delivered."""

    writer: Connection
    reader: Connection
    reader_username: str
    window: int
    text: str = PLAIN_TEXT  # behind the number
    delays_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sent_at: list[float] = []
        self._acknowledged = 0
        self._delivered = 0
        self._before, self._after = self._frame_around_the_number()
        self.writer.on_event = self._on_writers_event
        self.reader.on_event = self._on_readers_event

    async def run(self, *, until: float, messages_min: int = 0) -> None:
        """Write until the clock says `until`, and at least `messages_min`; returns when all have arrived."""
        self._until = until
        self._sent_at_least = len(self._sent_at) + messages_min
        self._finished = asyncio.Event()
        self._go_on()
        try:
            async with asyncio.timeout(until - clock() + ARRIVAL_TIME_S_MAX):
                await self._finished.wait()
        except TimeoutError:
            self.faults.append(
                f"{len(self._sent_at)} sent, {self._acknowledged} acknowledged, {self._delivered} delivered"
            )

    def _frame_around_the_number(self) -> tuple[bytes, bytes]:
        frame = msgspec.json.encode({"to": self.reader_username, "message": "|" + self.text})
        before, _, after = frame.partition(b"|")
        return before, after

    def _go_on(self) -> None:
        sent = len(self._sent_at)
        arrived = min(self._acknowledged, self._delivered)
        while sent - arrived < self.window and (sent < self._sent_at_least or clock() < self._until):
            self._sent_at.append(clock())
            self.writer.send(b"%b%0*d%b" % (self._before, NUMBER_DIGITS, sent, self._after))
            sent += 1
        if arrived == sent:
            self._finished.set()

    def _on_writers_event(self, event: Event) -> None:
        if event.type == "sent" and self._is_due(self._acknowledged, event):
            self._acknowledged += 1
            self._go_on()
        elif event.type == "error":
            self.faults.append(f"error: {event.code}")

    def _on_readers_event(self, event: Event) -> None:
        if event.type == "message" and self._is_due(self._delivered, event):
            self.delays_s.append(clock() - self._sent_at[self._delivered])
            self._delivered += 1
            self._go_on()

    def _is_due(self, number: int, event: Event) -> bool:
        if int(event.message[:NUMBER_DIGITS]) == number:
            return True
        self.faults.append(f"{event.type}: {event.message[:NUMBER_DIGITS]} came where {number} was due")
        return False
