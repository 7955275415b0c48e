"""GIF: its blocks, those that are painted and those that are not (GIF89a specification; Netscape's loop extension).

A comment, a text and an application's extension are not needed to show it, but for the number of loops and the colour
profile (ICCRGBG1012). What stands behind the last whole frame is not shown, nor is what follows an unknown block; of a
still that is cut off is kept what is there, and decoding tells whether it is enough. A picture that reaches over the
edge of its screen is let through: the size told is of the screen grown by it, as decoders grow theirs.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from media_service.domain.cleaning import icc
from media_service.domain.cleaning.cleaned import Broken, Cleaned, TooManyParts, bounded
from media_service.domain.cleaning.metadata_found import MetadataFound

_TRAILER, _IMAGE, _EXTENSION = 0x3B, 0x2C, 0x21
_GRAPHIC_CONTROL, _COMMENT, _PLAIN_TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
_NAMES = {_COMMENT: "comment", _PLAIN_TEXT: "text"}

_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_ICC = b"ICCRGBG1012"
_XMP = b"XMP DataXMP"
_IPTC = (b"MGK8BIM0000", b"MGKIPTC0000")


class _Block(NamedTuple):
    label: int | None  # of an extension; None of a picture
    start: int
    end: int


def clean(data: bytes) -> Cleaned:
    """Raises Broken."""
    if not data.startswith((b"GIF87a", b"GIF89a")):
        raise Broken("not a GIF")
    try:
        return _Reader(data).read()
    except struct.error:
        raise _Truncated from None


class _Truncated(Broken):
    def __init__(self) -> None:
        super().__init__("the GIF ends too early")


def _blocks(data: bytes, at: int) -> Iterator[_Block]:
    """Up to the trailer. Raises _Truncated or Broken where there is none."""
    while at < len(data) and (kind := data[at]) != _TRAILER:
        try:
            if kind == _IMAGE:
                label, inside = None, at + 10 + _colours_bytes(data[at + 9]) + 1
            elif kind == _EXTENSION:
                label, inside = data[at + 1], at + 2
            else:
                raise Broken(f"an unknown block {kind:#04x}")
            end = _end_of_sub_blocks(data, inside)
        except IndexError:
            raise _Truncated from None
        yield _Block(label, at, end)
        at = end
    if at >= len(data):
        raise _Truncated


def _end_of_sub_blocks(data: bytes, at: int) -> int:
    """Behind their terminator."""
    while length := data[at]:
        at += length + 1
    return at + 1


def _sub_blocks(data: bytes, at: int) -> bytes:
    """What they hold, without their lengths, as far as it is there."""
    held = bytearray()
    while at < len(data) and (length := data[at]):
        held += data[at + 1 : at + 1 + length]
        at += length + 1
    return bytes(held)


def _as_sub_blocks(held: bytes) -> bytes:
    pieces = (held[at : at + 255] for at in range(0, len(held), 255))
    return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"


def _colours_bytes(packed: int) -> int:
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)
        self._kept = bytearray()
        self._metadata = MetadataFound()
        self._width = 0
        self._height = 0
        self._frames = 0
        self._pixels = 0

    def read(self) -> Cleaned:
        self._width, self._height, packed = struct.unpack_from("<HHB", self._data, 6)
        at = 13 + _colours_bytes(packed)
        self._keep(0, at)
        ended: Broken | None = None
        try:
            for block in bounded(_blocks(self._data, at)):
                self._take(block)
                at = block.end
        except TooManyParts:
            raise
        except Broken as error:
            ended = error
        if not isinstance(ended, _Truncated) and at + (ended is None) < len(self._data):
            self._metadata.add("trailing_data")
        return self._cleaned() if ended is None else self._mended(at, ended)

    def _cleaned(self) -> Cleaned:
        if not self._frames:
            raise Broken("a GIF without a picture")
        return Cleaned(
            data=bytes(self._kept) + b";",
            removed=self._metadata.told(),
            orientation=1,
            width=self._width,
            height=self._height,
            frames=self._frames,
            pixels=self._pixels,
            scans=1,
        )

    def _mended(self, at: int, ended: Broken) -> Cleaned:
        """With as much as is there of the frame at `at`, which is cut off; or the whole frames alone."""
        fallback = self._cleaned() if self._frames else None
        if isinstance(ended, _Truncated) and self._take_cut_off(at):
            return msgspec.structs.replace(self._cleaned(), ends_early=True, fallback=fallback)
        if fallback is None:
            raise ended
        return msgspec.structs.replace(fallback, ends_early=True)

    def _take_cut_off(self, at: int) -> bool:
        """Whether there are pixels."""
        if self._data[at : at + 1] != b"," or at + 10 > len(self._data):
            return False
        start = at + 10 + _colours_bytes(self._data[at + 9]) + 1
        pixels = _sub_blocks(self._data, start)
        if pixels:
            self._count_image(at)
            self._keep(at, start)
            self._kept += _as_sub_blocks(pixels)
        return bool(pixels)

    def _take(self, block: _Block) -> None:
        if block.label is None:
            self._take_image(block.start, block.end)
        elif block.label == _GRAPHIC_CONTROL:
            self._take_control(block.start, block.end)
        elif block.label == _APPLICATION:
            self._take_application(block.start, block.end)
        else:
            self._metadata.add(_NAMES.get(block.label, "other"))

    def _take_image(self, at: int, end: int) -> None:
        self._count_image(at)
        self._keep(at, end)

    def _count_image(self, at: int) -> None:
        left, top, width, height = struct.unpack_from("<HHHH", self._data, at + 1)
        self._frames += 1
        self._pixels += width * height
        self._width, self._height = max(self._width, left + width), max(self._height, top + height)

    def _take_control(self, at: int, end: int) -> None:
        if self._data[at + 2] != 4:
            self._metadata.add("other")
        else:
            self._keep_head(at, at + 7, end)

    def _take_application(self, at: int, end: int) -> None:
        name = self._data[at + 3 : at + 14]
        if self._data[at + 2] != 11:
            self._metadata.add("other")
        elif name in _LOOPS and self._data[at + 14 : at + 16] == b"\3\1":
            self._keep_head(at, at + 18, end)
        elif name == _ICC:
            self._keep_profile(at)
        elif name == _XMP:
            self._metadata.add_xmp(self._data[at + 14 : end])
        else:
            self._metadata.add("iptc" if name in _IPTC else "other")

    def _keep_profile(self, at: int) -> None:
        profile = _sub_blocks(self._data, at + 14)
        reduced = icc.reduced(profile)
        if reduced is not None:
            self._keep(at, at + 14)
            self._kept += _as_sub_blocks(reduced)
        if reduced != profile:
            self._metadata.add("other" if reduced is None else "profile_details")

    def _keep(self, start: int, end: int) -> None:
        self._kept += self._view[start:end]

    def _keep_head(self, start: int, head_end: int, end: int) -> None:
        """Without sub-blocks behind those that mean something."""
        self._kept += self._view[start:head_end]
        self._kept.append(0)
        if head_end + 1 != end:
            self._metadata.add("other")
