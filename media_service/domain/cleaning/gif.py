"""GIF: its blocks, those that are painted and those that are not (GIF89a specification; Netscape's loop extension).

A comment, a text and an application's extension are not needed to show it, but for the number of loops and the colour
profile (ICCRGBG1012). A picture that reaches over the edge of its screen is let through: the size told is of the screen
grown by it, as decoders grow theirs.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.cleaning.cleaned import Broken, Cleaned, bounded
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
    except (IndexError, struct.error):
        raise Broken("the GIF ends too early") from None


def _blocks(data: bytes, at: int) -> Iterator[_Block]:
    """Up to the trailer. Raises IndexError where there is none, as all that reads behind the end."""
    while (kind := data[at]) != _TRAILER:
        if kind == _IMAGE:
            label, inside = None, at + 10 + _colours_bytes(data[at + 9]) + 1
        elif kind == _EXTENSION:
            label, inside = data[at + 1], at + 2
        else:
            raise Broken(f"an unknown block {kind:#04x}")
        end = _end_of_sub_blocks(data, inside)
        yield _Block(label, at, end)
        at = end


def _end_of_sub_blocks(data: bytes, at: int) -> int:
    """Behind their terminator."""
    while length := data[at]:
        at += length + 1
    return at + 1


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
        if not self._width or not self._height:
            raise Broken("a GIF without a size")
        at = 13 + _colours_bytes(packed)
        self._keep(0, at)
        for block in bounded(_blocks(self._data, at)):
            self._take(block)
            at = block.end
        if not self._frames:
            raise Broken("a GIF without a picture")
        self._keep(at, at + 1)
        if at + 1 < len(self._data):
            self._metadata.add("trailing_data")
        return Cleaned(
            data=bytes(self._kept),
            removed=self._metadata.told(),
            orientation=1,
            width=self._width,
            height=self._height,
            frames=self._frames,
            pixels=self._pixels,
            scans=1,
        )

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
        left, top, width, height = struct.unpack_from("<HHHH", self._data, at + 1)
        self._keep(at, end)
        self._frames += 1
        self._pixels += width * height
        self._width, self._height = max(self._width, left + width), max(self._height, top + height)

    def _take_control(self, at: int, end: int) -> None:
        if self._data[at + 2] != 4:
            raise Broken("a malformed graphic control")
        self._keep_head(at, at + 7, end)

    def _take_application(self, at: int, end: int) -> None:
        name = self._data[at + 3 : at + 14]
        if self._data[at + 2] != 11:
            self._metadata.add("other")
        elif name in _LOOPS and self._data[at + 14 : at + 16] == b"\3\1":
            self._keep_head(at, at + 18, end)
        elif name == _ICC:
            self._keep(at, end)
        elif name == _XMP:
            self._metadata.add_xmp(self._data[at + 14 : end])
        else:
            self._metadata.add("iptc" if name in _IPTC else "other")

    def _keep(self, start: int, end: int) -> None:
        self._kept += self._view[start:end]

    def _keep_head(self, start: int, head_end: int, end: int) -> None:
        """Without sub-blocks behind those that mean something."""
        self._kept += self._view[start:head_end]
        self._kept.append(0)
        if head_end + 1 != end:
            self._metadata.add("other")
