"""Cleaned: a picture file without what is not needed to show it; and Broken, for bytes that are none or too many."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

PARTS_MAX = 100_000  # segments, chunks or blocks: a picture of 100 MiB may have a tenth of them

PartT = TypeVar("PartT")


class Cleaned(msgspec.Struct, frozen=True):
    data: bytes  # the same picture, its pixels and colour profile byte for byte
    removed: tuple[str, ...]  # what was found and taken out: of REMOVABLE, in its order, each once
    orientation: int  # 1-8 as EXIF told it before; 1 where it did not
    width: int  # of the canvas, in pixels, as the header says
    height: int
    frames: int  # pictures in it: 1 of a still
    pixels: int  # the area of all its frames together: what a decoder may have to paint
    scans: int  # passes over a progressive JPEG, each as dear as the whole picture; else 1
    is_lossless: bool = False  # told of a WebP, which may be either
    # The end of the file is missing, and was written by us: whether the picture is all there, only decoding tells.
    ends_early: bool = False
    fallback: "Cleaned | None" = None  # the whole frames alone, for when the last one cannot be decoded


class Broken(Exception):
    """The bytes are malformed, truncated, or of a kind that is not shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyParts(Broken):
    """The bytes may be good; to read them would take too long."""


def bounded(parts: Iterator[PartT]) -> Iterator[PartT]:
    """Raises TooManyParts behind PARTS_MAX of them: each costs some time, and ten megabytes may be made of millions."""
    for count, part in enumerate(parts):
        if count == PARTS_MAX:
            raise TooManyParts(f"over {PARTS_MAX} parts")
        yield part
