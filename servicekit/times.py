"""Times as they are written in answers and stores."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil


def rfc3339(time_s: float) -> str:
    """Seconds since the epoch as text (RFC 3339): UTC, with milliseconds."""
    return _rfc3339(int(time_s * 1000))


@lru_cache(maxsize=8)  # many messages come in the same millisecond
def _rfc3339(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_rfc3339(moment: str) -> float:
    """Seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp()


def seconds_until(moment: str, now: str) -> int:
    """From `now`, both as `rfc3339` writes them; rounded up, and 0 where it is over."""
    left_s = (datetime.fromisoformat(moment) - datetime.fromisoformat(now)).total_seconds()
    return max(0, ceil(left_s))


def rfc3339_later(moment: str, seconds: int) -> str:
    later = datetime.fromisoformat(moment) + timedelta(seconds=seconds)
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
