"""A revision: what is to change of a source, as a plan that is copied piece by piece; and what it told before."""

from typing import NamedTuple, TypeAlias

from media_service.domain.cleaning.metadata_found import MetadataFound
from media_service.domain.recordings.source import Broken, Source
from media_service.domain.recordings.tag_names import names_in

EDITS_MAX = 100_000
ELEMENTS_MAX = 500_000  # boxes, chunks, frames or pages of one file: a second of looking

_PIECE_BYTES = 64 * 1024
_TOLD_BYTES_MAX = 64 * 1024  # of one place, in which names are looked for
_TOLD_BYTES_MAX_IN_ALL = 2 << 20  # half a second of looking


class Zeros(NamedTuple):
    length: int


Part: TypeAlias = bytes | range | Zeros  # a range is of the source


class _Edit(NamedTuple):
    start: int
    end: int
    parts: tuple[Part, ...]  # what is there instead


class Revision:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.is_clean = True  # until something is seen that cannot be taken out
        self.edits_count = 0
        self._edits: list[_Edit] = []
        self._metadata = MetadataFound()
        self._elements = 0
        self._told_bytes = 0

    def count(self, elements: int = 1) -> None:
        """Called for each thing that is looked at. Raises Broken behind ELEMENTS_MAX of them."""
        self._elements += elements
        if self._elements > ELEMENTS_MAX:
            raise Broken(f"over {ELEMENTS_MAX} parts")

    # What changes

    def put(self, at: int, *parts: bytes | Zeros) -> None:
        """`parts` instead of as many bytes from `at`."""
        self._edit(at, at + sum(part.length if isinstance(part, Zeros) else len(part) for part in parts), parts)

    def insert(self, at: int, data: bytes) -> None:
        self._edit(at, at, (data,))

    def cut(self, start: int, end: int) -> None:
        if end > start:
            self._edit(start, end, ())

    def zero(self, start: int, end: int, name: str) -> None:
        """Tells `name` where there was something else."""
        if not self.is_blank(start, end):
            self._edit(start, end, (Zeros(end - start),))
            self.tell(name)

    def is_blank(self, start: int, end: int) -> bool:
        pieces = range(start, end, _PIECE_BYTES)
        return not any(self.source.peek(at, min(_PIECE_BYTES, end - at)).strip(b"\0") for at in pieces)

    def _edit(self, start: int, end: int, parts: tuple[Part, ...]) -> None:
        if not 0 <= start <= end <= self.source.size:
            raise Broken("a part of it lies outside")
        self.edits_count += 1
        if self.edits_count > EDITS_MAX:
            raise Broken(f"over {EDITS_MAX} changes")
        self._edits.append(_Edit(start, end, parts))

    # What it told

    def tell(self, name: str) -> None:
        self._metadata.add(name)

    def tell_of(self, start: int, end: int, *, otherwise: str = "text") -> None:
        """What the bytes there mention, or `otherwise`: also where too much has been looked at already."""
        length = min(end - start, _TOLD_BYTES_MAX, _TOLD_BYTES_MAX_IN_ALL - self._told_bytes)
        self._told_bytes += length
        for name in names_in(self.source.peek(start, length)) or {otherwise}:
            self.tell(name)

    @property
    def removed(self) -> tuple[str, ...]:
        return self._metadata.told()

    # What comes out

    def plan(self) -> tuple[Part, ...]:
        """All of the file. What is inside of another change went with it. Raises Broken where two overlap."""
        parts: list[Part] = []
        at = 0
        for edit in sorted(self._edits, key=lambda edit: (edit.start, -edit.end)):
            if edit.end <= at and edit.start < at:
                continue
            if edit.start < at:
                raise Broken("two parts of it overlap")
            if edit.start > at:
                parts.append(range(at, edit.start))
            parts += edit.parts
            at = edit.end
        if at < self.source.size:
            parts.append(range(at, self.source.size))
        return tuple(parts)
