"""Ranges: which part of a file a request asks for (RFC 9110 §14)."""

import re

from media_service.domain.refusals import RangeNotSatisfiable

_SINGLE = re.compile(r"bytes=(\d*)-(\d*)", re.IGNORECASE)
_DIGITS_MAX = 18


def asked_range(header: str | None, size: int) -> range | None:
    """The bytes to send; None means all of them, also where the header says what we don't do.

    Raises RangeNotSatisfiable.
    """
    found = _SINGLE.fullmatch((header or "").strip())
    if found is None or found.groups() == ("", "") or max(map(len, found.groups())) > _DIGITS_MAX:
        return None
    first, last = found.groups()
    if not first:
        asked = range(max(0, size - int(last)), size)
    else:
        if last and int(last) < int(first):
            return None
        asked = range(int(first), min(size, int(last) + 1 if last else size))
    if not asked:
        raise RangeNotSatisfiable(size)
    return asked
