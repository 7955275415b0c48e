"""WebP: its RIFF chunks, those that are painted and those that are not (RFC 9649 §2).

A decoder reads by the flags of VP8X what a file has: what no flag announces is not shown, and goes too. The chunks
come out in the order of the specification, whatever order they were in, and with the lengths that they have. An
animation keeps its orientation, and nothing else of its EXIF: to turn it would be to encode it anew.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.cleaning import exif, icc
from media_service.domain.cleaning.cleaned import Broken, Cleaned, bounded
from media_service.domain.cleaning.metadata_found import MetadataFound

_ICC, _ALPHA, _EXIF, _ANIMATION = 0x20, 0x10, 0x08, 0x02
_CANVAS_BYTES, _ANIM_BYTES, _FRAME_BYTES = 10, 6, 16
_IMAGES = (b"VP8 ", b"VP8L")
_TRANSPARENCY = b"ALPH"  # codespell:ignore alph
_NAMES = frozenset((*_IMAGES, _TRANSPARENCY, b"VP8X", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP "))


class _Chunk(NamedTuple):
    name: bytes
    start: int  # of its payload
    end: int
    is_whole: bool


class _Size(NamedTuple):
    width: int
    height: int


def clean(data: bytes) -> Cleaned:
    """Raises Broken."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise Broken("not a WebP")
    reader = _Reader(data)
    chunks = _chunks_of_file(data)
    reader.read(chunks)
    return reader.cleaned(_end_of(chunks[-1], data))


def _end_of(chunk: _Chunk, data: bytes) -> int:
    """With its padding, where it has some."""
    is_padded = (chunk.end - chunk.start) & 1 and data[chunk.end : chunk.end + 1] == b"\0"
    return chunk.end + is_padded


def _chunks_of_file(data: bytes) -> list[_Chunk]:
    """As far as the file says that it goes; all there are where it goes further, or ends within one of them."""
    told = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    chunks = list(bounded(_chunks(data, 12, told)))
    if chunks and chunks[-1].is_whole and chunks[0].name in _NAMES:
        return chunks
    return list(bounded(_chunks(data, 12, len(data))))


def _chunks(data: bytes, at: int, end: int) -> Iterator[_Chunk]:
    """The chunks between `at` and `end`; padding may be missing, and some of the last one."""
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, at)
        start = at + 8
        at = start + size
        yield _Chunk(name, start, min(at, end), at <= end)
        if size & 1 and data[at : at + 4] not in _NAMES:
            at += 1


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._view = memoryview(data)
        self._kept = bytearray()
        self._metadata = MetadataFound()
        self._size = _Size(0, 0)
        self._frames = 0
        self._pixels = 0
        self._is_lossless = False

    def read(self, chunks: list[_Chunk]) -> None:
        if chunks and chunks[0].name == b"VP8X":
            self._take_extended(chunks[0], chunks[1:])
        else:
            self._size = self._take_image(chunks)

    def cleaned(self, end: int) -> Cleaned:
        if end < len(self._data):
            self._metadata.add("trailing_data")
        self._keep_orientation()
        return Cleaned(
            data=b"RIFF" + (4 + len(self._kept)).to_bytes(4, "little") + b"WEBP" + self._kept,
            removed=self._metadata.told(),
            orientation=self._metadata.orientation,
            width=self._size.width,
            height=self._size.height,
            frames=self._frames,
            pixels=self._pixels,
            scans=1,
            is_lossless=self._is_lossless,
            ends_early=len(self._data) < 8 + int.from_bytes(self._data[4:8], "little"),
        )

    def _keep_orientation(self) -> None:
        if self._frames > 1 and self._metadata.orientation > 1:
            self._kept[8] |= _EXIF
            self._keep(b"EXIF", exif.of_orientation(self._metadata.orientation))

    def _take_extended(self, canvas: _Chunk, chunks: list[_Chunk]) -> None:
        if canvas.end - canvas.start < _CANVAS_BYTES:
            raise Broken("a malformed canvas")
        flags = self._data[canvas.start]
        self._size = self._size_at(canvas.start + 4)
        profile = _first(b"ICCP", chunks) if flags & _ICC else None
        reduced = self._reduced(profile) if profile else None
        kept_flags = flags & (_ALPHA | _ANIMATION) | (_ICC if reduced else 0)
        size = self._data[canvas.start + 4 : canvas.start + _CANVAS_BYTES]
        self._keep(b"VP8X", bytes((kept_flags, 0, 0, 0)) + size)
        if reduced:
            self._keep(b"ICCP", reduced)
        rest = [chunk for chunk in chunks if chunk is not profile]
        if flags & _ANIMATION:
            self._take_animation(rest)
        elif self._take_image(rest) != self._size:
            raise Broken("a picture of another size than its canvas")

    def _reduced(self, chunk: _Chunk) -> bytes | None:
        profile = self._data[chunk.start : chunk.end]
        reduced = icc.reduced(profile)
        if reduced != profile:
            self._metadata.add("other" if reduced is None else "profile_details")
        return reduced

    def _take_animation(self, chunks: list[_Chunk]) -> None:
        loops = _first(b"ANIM", chunks)
        if loops is None or loops.end - loops.start < _ANIM_BYTES:
            raise Broken("a malformed animation")
        self._keep(b"ANIM", self._view[loops.start : loops.start + _ANIM_BYTES])
        for chunk in chunks:
            if chunk.name == b"ANMF" and (chunk.is_whole or not self._frames):
                self._take_frame(chunk)
            elif chunk is not loops:
                self._note(chunk)
        if not self._frames:
            raise Broken("an animation without frames")

    def _take_frame(self, frame: _Chunk) -> None:
        """It is written with the length that it had, and corrected when its chunks are there."""
        if frame.end - frame.start < _FRAME_BYTES:
            raise Broken("a malformed frame")
        left, top = (2 * self._number_at(frame.start + at) for at in (0, 3))
        size = self._size_at(frame.start + 6)
        if left + size.width > self._size.width or top + size.height > self._size.height:
            raise Broken("a frame outside of its canvas")
        head = len(self._kept)
        inside = frame.start + _FRAME_BYTES
        self._kept += self._view[frame.start - 8 : inside]
        if self._take_image(list(bounded(_chunks(self._data, inside, frame.end)))) != size:
            raise Broken("a frame of another size than its picture")
        self._kept[head + 4 : head + 8] = (len(self._kept) - head - 8).to_bytes(4, "little")

    def _take_image(self, chunks: list[_Chunk]) -> _Size:
        """Keeps the picture of a still or a frame, with its transparency; tells its size."""
        image = next((chunk for chunk in chunks if chunk.name in _IMAGES), None)
        if image is None:
            raise Broken("a WebP without a picture")
        alpha = _first(_TRANSPARENCY, chunks[: chunks.index(image)]) if image.name == b"VP8 " else None
        for chunk in chunks:
            if chunk is image or chunk is alpha:
                self._keep_whole(chunk)
            else:
                self._note(chunk)
        if not image.is_whole:
            raise Broken("the WebP ends too early")
        size = self._image_size(image)
        self._is_lossless = image.name == b"VP8L"
        self._frames += 1
        self._pixels += size.width * size.height
        return size

    def _image_size(self, image: _Chunk) -> _Size:
        """As the bitstream's own header says (RFC 6386 §9.1; RFC 9649 §3.4)."""
        head = self._data[image.start : min(image.end, image.start + 10)]
        if image.name == b"VP8L" and len(head) >= 5 and head[0] == 0x2F:
            bits = int.from_bytes(head[1:5], "little")
            return _Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        if image.name == b"VP8 " and len(head) == 10 and not head[0] & 1 and head[3:6] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", head, 6)
            if width & 0x3FFF and height & 0x3FFF:
                return _Size(width & 0x3FFF, height & 0x3FFF)
        raise Broken("a malformed picture header")

    def _size_at(self, at: int) -> _Size:
        return _Size(self._number_at(at) + 1, self._number_at(at + 3) + 1)

    def _number_at(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 3], "little")

    def _keep_whole(self, chunk: _Chunk) -> None:
        self._keep(chunk.name, self._view[chunk.start : chunk.end])

    def _keep(self, name: bytes, payload: bytes | memoryview) -> None:
        self._kept += name + len(payload).to_bytes(4, "little")
        self._kept += payload
        if len(payload) & 1:
            self._kept.append(0)

    def _note(self, chunk: _Chunk) -> None:
        if chunk.name == b"EXIF":
            self._metadata.add_exif(self._data[chunk.start : chunk.end])
        elif chunk.name == b"XMP ":
            self._metadata.add_xmp(self._data[chunk.start : chunk.end])
        else:
            self._metadata.add("other")


def _first(name: bytes, chunks: list[_Chunk]) -> _Chunk | None:
    return next((chunk for chunk in chunks if chunk.name == name), None)
