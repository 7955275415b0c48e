"""Deadlines: how long a connection may keep us waiting for its request. Plain values; the protocol has the clock."""

from enum import Enum

import msgspec

NEVER_S = float("inf")
_FILES = (b"multipart/form-data", b"application/offset+octet-stream")  # forms, and uploads that can go on (tus)


class Deadlines(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds, but for the rate. While it is we who do not read, no time passes for the sender."""

    head_s_max: float = 10.0
    body_s_max: float = 30.0  # all of it, where it holds no files
    upload_stall_s_max: float = 30.0  # without a byte
    upload_start_s: float = 60.0  # from then on an upload must have been as fast, on average, as this:
    upload_bytes_per_s_min: int = 16 * 1024
    answer_stall_s_max: float = 60.0  # while the client takes nothing of what is written, or far too little
    linger_s: float = 2.0  # for reading why the connection ends
    look_interval_s: float = 10.0  # not longer than any other, or what began between two looks would get more time


USUAL = Deadlines()


class Phase(Enum):
    """What the next byte of a connection belongs to."""

    SILENCE = "silence"  # nothing yet: it is new
    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"  # nothing that is due: a request is being answered
    IDLE = "idle"  # the next request, if there will be one


class RequestClock:
    """Where a connection stands with what it has to send, and since when. Times are the loop's, in seconds."""

    __slots__ = ("_body_bytes", "_heard_s", "_held_up_s", "_since_s", "phase")

    def __init__(self, now_s: float) -> None:
        self._held_up_s: float | None = None  # since when we do not read
        self.enter(Phase.SILENCE, now_s)

    def enter(self, phase: Phase, now_s: float) -> None:
        self.phase = phase
        self._since_s = self._heard_s = now_s
        self._body_bytes = 0

    def hear(self, size_bytes: int, now_s: float) -> None:
        """A piece of the body came."""
        self._body_bytes += size_bytes
        self._heard_s = now_s

    def hold_up(self, now_s: float) -> None:
        """We do not read from now on, until `go_on`."""
        self._held_up_s = now_s

    def go_on(self, now_s: float) -> None:
        if self._held_up_s is not None:
            self._since_s += now_s - max(self._held_up_s, self._since_s)
            self._heard_s, self._held_up_s = now_s, None

    def due_s(self, deadlines: Deadlines, *, keep_alive_s: float, takes_files: bool) -> float:
        """When the connection will have kept us waiting for too long, if nothing more comes."""
        if self.phase is Phase.ANSWER or self._held_up_s is not None:
            return NEVER_S
        if self.phase is Phase.IDLE:
            return self._since_s + keep_alive_s
        if self.phase is not Phase.BODY:
            return self._since_s + deadlines.head_s_max
        if not takes_files:
            return self._since_s + deadlines.body_s_max
        paid_s = self._body_bytes / deadlines.upload_bytes_per_s_min
        return min(self._heard_s + deadlines.upload_stall_s_max, self._since_s + max(deadlines.upload_start_s, paid_s))


def announces_files(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the body is of a kind that files are sent in."""
    return any(name == b"content-type" and value.lower().startswith(_FILES) for name, value in headers)
