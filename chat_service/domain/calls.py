"""Calls: two people show each other their streams; what is left of it is a line in their conversation."""

from enum import StrEnum

import msgspec

RING_S = 45
CALL_S_MAX = 12 * 3600


class Outcome(StrEnum):
    ANSWERED = "answered"
    MISSED = "missed"
    DECLINED = "declined"


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended."""

    outcome: Outcome
    duration_s: int = 0

    @property
    def text(self) -> str:
        """For those who show messages only."""
        match self.outcome:
            case Outcome.MISSED:
                return "missed video call"
            case Outcome.DECLINED:
                return "declined video call"
        return f"video call, {_spoken(self.duration_s)}"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call that goes on; times in seconds since the epoch. `streams` is what each person in it shows, by username."""

    caller: str
    rang_at: int
    answered_at: int | None = None
    streams: dict[str, str] = {}

    def is_same(self, other: "Call") -> bool:
        """Whatever has become of it meanwhile."""
        return (self.caller, self.rang_at) == (other.caller, other.rang_at)

    def shown(self, username: str, stream: str) -> "Call":
        return msgspec.structs.replace(self, streams={**self.streams, username: stream})

    def answered(self, username: str, stream: str, now: int) -> "Call":
        answered_at = now if self.answered_at is None else self.answered_at
        return msgspec.structs.replace(self.shown(username, stream), answered_at=answered_at)

    def ended(self, by: str, now: int) -> CallRecord:
        if self.answered_at is not None:
            return CallRecord(outcome=Outcome.ANSWERED, duration_s=max(0, now - self.answered_at))
        return CallRecord(outcome=Outcome.MISSED if by == self.caller else Outcome.DECLINED)


def _spoken(duration_s: int) -> str:
    if duration_s < 60:
        return f"{duration_s} s"
    if duration_s < 3600:
        return f"{duration_s // 60} min"
    return f"{duration_s // 3600} h {duration_s % 3600 // 60} min"
