"""Times as they are written in answers and stores."""

from datetime import UTC, datetime
from functools import lru_cache


def rfc3339(time_s: float) -> str:
    """Seconds since the epoch as text (RFC 3339): UTC, with milliseconds."""
    return _rfc3339(int(time_s * 1000))


@lru_cache(maxsize=8)  # many messages come in the same millisecond
def _rfc3339(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
