"""The segments of a JPEG, found as libjpeg finds them (ITU-T T.81 Annex B).

What stands between two segments and belongs to neither is passed over up to the next marker. Where the file ends in
the middle of a scan, or of what follows, `Truncated` says so.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.cleaning.cleaned import Broken

EOI, SOS = 0xD9, 0xDA
_SOI = 0xD8
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # without a length; where segments stand they mean nothing
_RESERVED = range(0x02, 0xC0)

# The end of entropy-coded data. It looks at one 0xFF at a time: a run of a million is then not read a million times.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ANY_MARKER = re.compile(rb"\xff[^\x00\xff]")


class Segment(NamedTuple):
    marker: int
    stray_start: int  # of what stands between the segment before and this one's marker
    stray_end: int
    start: int  # of its payload
    end: int
    scan_end: int  # of the entropy-coded data that follows a start of scan; else the same


class Truncated(Broken):
    """The file ends before its end of image."""

    def __init__(self) -> None:
        super().__init__("the JPEG ends too early")


def segments(data: bytes) -> Iterator[Segment]:
    """Up to and with the end of image. Raises Truncated or Broken."""
    before = 2
    while True:
        marker, at = _marker_from(data, before)
        if marker == EOI:
            yield Segment(marker, before, at - 2, at, at, at)
            return
        start, end = (at, at) if marker in STANDALONE else _payload_of(data, marker, at)
        scan_end = _end_of_scan(data, end) if marker == SOS else end
        yield Segment(marker, before, at - 2, start, end, scan_end)
        before = scan_end


def _end_of_scan(data: bytes, start: int) -> int:
    """Where the entropy-coded data from `start` on ends; restart markers belong to it."""
    found = _MARKER.search(data, start)
    return len(data) if found is None else found.start()


def _marker_from(data: bytes, at: int) -> tuple[int, int]:
    """The next marker from `at` on, and where it ends; as many fill bytes as it likes may be before it (B.1.1.2)."""
    found = _ANY_MARKER.search(data, at)
    if found is None:
        raise Truncated
    return data[found.end() - 1], found.end()


def _payload_of(data: bytes, marker: int, at: int) -> tuple[int, int]:
    """Where it begins and ends, for the marker that ends at `at`."""
    if marker == _SOI or marker in _RESERVED:
        raise Broken(f"the marker {marker:#04x} is out of place")
    length = int.from_bytes(data[at : at + 2], "big")
    if at + max(length, 2) > len(data):
        raise Truncated
    if length < 2:
        raise Broken("a segment is shorter than its own length")
    return at + 2, at + length
