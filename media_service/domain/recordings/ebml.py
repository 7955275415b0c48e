"""EBML elements, of which Matroska and WebM files are built (RFC 8794)."""

from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.recordings.revision import Revision, Zeros
from media_service.domain.recordings.source import Broken

VOID, CRC = 0xEC, 0xBF
_LONGEST_ID, _LONGEST_SIZE = 4, 8
_SMALL_MAX = 9  # the shortest Void whose size has eight bytes


class Element(NamedTuple):
    id: int
    at: int
    start: int  # of its payload
    end: int  # of an unknown size: that of what it is in
    is_sized: bool


def element_at(revision: Revision, at: int, end: int) -> Element:
    """It may claim to end behind `end`. Raises Broken."""
    revision.count()
    head = revision.source.peek(at, min(_LONGEST_ID + _LONGEST_SIZE, end - at))
    id_bytes = _length(head, 0, _LONGEST_ID)
    size_bytes = _length(head, id_bytes, _LONGEST_SIZE)
    start = at + id_bytes + size_bytes
    bits = 7 * size_bytes
    size = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big") & ((1 << bits) - 1)
    is_sized = size != (1 << bits) - 1
    return Element(int.from_bytes(head[:id_bytes], "big"), at, start, start + size if is_sized else end, is_sized)


def elements(revision: Revision, start: int, end: int) -> Iterator[Element]:
    """Those between, each of a known size. Raises Broken."""
    at = start
    while at < end:
        element = element_at(revision, at, end)
        if element.end > end or not element.is_sized:
            raise Broken("an element is larger than what it is in")
        yield element
        at = element.end


def void(revision: Revision, element: Element, name: str | None) -> None:
    """It becomes a Void of the same length; `name` is told, or what it says where there is none."""
    if element.id == VOID:
        revision.zero(element.start, element.end, name or "other")
        return
    if name is None:
        revision.tell_of(element.start, element.end)
    elif name:
        revision.tell(name)
    length = element.end - element.at
    if length < _SMALL_MAX:
        revision.put(element.at, bytes((VOID, 0x80 | length - 2)), Zeros(length - 2))
    else:
        size = (1 << 56 | length - _SMALL_MAX).to_bytes(8, "big")
        revision.put(element.at, bytes((VOID,)) + size, Zeros(length - _SMALL_MAX))


def _length(head: bytes, at: int, most: int) -> int:
    """How many bytes a number has, by the zeros that it begins with (RFC 8794 §4)."""
    length = 9 - head[at].bit_length() if at < len(head) else most + 1
    if length > most or at + length > len(head):
        raise Broken("it is not made of elements")
    return length
