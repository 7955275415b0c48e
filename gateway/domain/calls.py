"""Calls that are over, as they are told in a line."""

import re

from gateway.domain.api_types import Call

_DURATION = r"(?:(?P<h>\d+) h )?(?:(?P<min>\d+) min)?(?:(?P<s>\d+) s)?"
_TOLD = re.compile(rf"(?:(?P<outcome>missed|declined) video call|video call, {_DURATION})")


def call_in(text: str) -> Call | None:
    """What the chat service tells in English to who shows messages only; None where somebody wrote the text."""
    found = _TOLD.fullmatch(text)
    if found is None:
        return None
    if found["outcome"]:
        return Call(outcome=found["outcome"])
    hours, minutes, seconds = (int(found[unit] or 0) for unit in ("h", "min", "s"))
    return Call(outcome="answered", duration_s=hours * 3600 + minutes * 60 + seconds)


def spoken(duration_s: float) -> str:
    """`4 s`, `12 min`, `1 h 5 min`."""
    seconds = int(duration_s)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
