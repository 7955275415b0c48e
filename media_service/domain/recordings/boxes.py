"""Boxes: how MP4, MOV and 3GP files are built (ISO/IEC 14496-12 §4.2; QuickTime calls them atoms)."""

from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.recordings.revision import Revision, Zeros
from media_service.domain.recordings.source import Broken

HEAD_BYTES = 8
FREE = frozenset({b"free", b"skip", b"wide"})


class Box(NamedTuple):
    kind: bytes
    at: int
    start: int  # of its payload
    end: int


def boxes(revision: Revision, start: int, end: int) -> Iterator[Box]:
    """Those between; fewer bytes than a header's, which QuickTime ends its lists with, are no box. Raises Broken."""
    at = start
    while at + HEAD_BYTES <= end:
        revision.count()
        box = box_at(revision, at, end)
        if box.end > end:
            raise Broken("a box is larger than what it is in")
        yield box
        at = box.end


def box_at(revision: Revision, at: int, end: int) -> Box:
    """It may claim to end behind `end`. Raises Broken."""
    head = revision.source.read(at, HEAD_BYTES)
    size, kind, start = int.from_bytes(head[:4], "big"), head[4:], at + HEAD_BYTES
    if size == 1:
        size, start = revision.source.number(start, 8), start + 8
    elif size == 0:
        size = end - at
    if at + size < start:
        raise Broken("a box is smaller than its header")
    return Box(kind, at, start, at + size)


def free(revision: Revision, box: Box, name: str | None = None) -> None:
    """It becomes free space of the same length; what it told is looked for where no name is given."""
    if revision.is_blank(box.start, box.end):
        return
    if name is None:
        revision.tell_of(box.at, box.end)
    else:
        revision.tell(name)
    if box.kind not in FREE:
        revision.put(box.at + 4, b"free")
    revision.put(box.start, Zeros(box.end - box.start))
