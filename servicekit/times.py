"""Times as they are written in answers and stores."""

from datetime import UTC, datetime


def rfc3339(time_s: float) -> str:
    """Seconds since the epoch as text (RFC 3339): UTC, with milliseconds."""
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
