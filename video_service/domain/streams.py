"""Streams: what they may be called, and how they are told of."""

import re

import msgspec

from servicekit.problems import FieldError, Invalid

_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,64}")
RETURN_S_MAX = 10  # in which a publisher may come back to their stream


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as it is listed. Width and height are null until its first picture."""

    name: str
    username: str
    started_at: str
    watchers: int
    width: int | None
    height: int | None


def check_name(name: str) -> None:
    """Raises Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid(FieldError("stream", "Expected 1-64 of A-Za-z0-9_.-, but for `.` and `..`"))
