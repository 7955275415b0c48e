"""PNG and APNG: their chunks, those that a decoder paints with and those that it does not (W3C PNG, third edition).

Chunks that are kept have a right checksum and the size that the specification gives them. Colour profiles (iCCP) stay
as they are. An animation's chunks stay only where acTL announces one.
"""

import re
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from media_service.domain.cleaning.cleaned import Broken, Cleaned, bounded
from media_service.domain.cleaning.metadata_found import MetadataFound

INFLATED_BYTES_MAX = 1 << 20  # of all compressed texts together: a few bytes may be the deflated form of gigabytes

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK_BYTES = 12  # length, name and checksum
_SIZE_MAX = (1 << 31) - 1
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # by colour type

_NEEDED: dict[bytes, Collection[int]] = {  # once each, and how many bytes it may have
    b"PLTE": range(3, 769, 3),
    b"tRNS": range(1, 257),
    b"cHRM": (32,),
    b"gAMA": (4,),
    b"iCCP": range(1, _SIZE_MAX),
    b"sBIT": range(1, 5),
    b"sRGB": (1,),
    b"cICP": (4,),
    b"bKGD": (1, 2, 6),
    b"pHYs": (9,),
}

_KEYWORDS = {
    b"author": "author",
    b"artist": "author",
    b"copyright": "author",
    b"creation time": "timestamp",
    b"date:create": "timestamp",
    b"date:modify": "timestamp",
    b"date:timestamp": "timestamp",
    b"software": "software",
    b"title": "description",
    b"description": "description",
    b"comment": "description",
    b"source": "camera",
    b"raw profile type iptc": "iptc",
    b"raw profile type 8bim": "iptc",
}
_RAW_PROFILES = {b"raw profile type exif", b"raw profile type app1", b"raw profile type xmp"}
_XMP_SEGMENT = b"http://ns.adobe.com/x"  # APP1 of a JPEG
_RAW_PROFILE = re.compile(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)")


class _Header(NamedTuple):
    width: int
    height: int


class _Chunk(NamedTuple):
    name: bytes
    start: int  # of its payload
    end: int


def clean(data: bytes) -> Cleaned:
    """Raises Broken."""
    if not data.startswith(_SIGNATURE):
        raise Broken("not a PNG")
    chunks = bounded(_chunks(data))
    first = next(chunks)
    reader = _Reader(data, _header(first.name, data[first.start : first.end]))
    reader.keep(first)
    for chunk in chunks:
        reader.take(chunk)
    return reader.cleaned()


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Up to and with IEND."""
    at, name = len(_SIGNATURE), b""
    while name != b"IEND":
        if at + _CHUNK_BYTES > len(data):
            raise Broken("the PNG ends too early")
        length, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        at = start + length + 4
        if at > len(data):
            raise Broken("the PNG ends too early")
        if not name.isalpha():
            raise Broken("a malformed chunk name")
        yield _Chunk(name, start, start + length)


def _header(name: bytes, payload: bytes) -> _Header:
    if name != b"IHDR" or len(payload) != 13:
        raise Broken("a PNG without a header")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", payload)
    if not (1 <= width <= _SIZE_MAX and 1 <= height <= _SIZE_MAX):
        raise Broken("a PNG of an impossible size")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise Broken("a PNG of an unknown kind")
    return _Header(width, height)


class _Reader:
    def __init__(self, data: bytes, header: _Header) -> None:
        self._data = data
        self._view = memoryview(data)
        self._header = header
        self._kept: list[bytes | memoryview] = [_SIGNATURE]  # joined once: a file is large
        self._metadata = MetadataFound()
        self._texts = _Texts(self._metadata)
        self._seen: set[bytes] = set()
        self._has_still = True  # a picture that is no frame: for those who show no animations, or the only one
        self._frames_announced = 0
        self._frames = 0
        self._pixels = 0
        self._end = len(_SIGNATURE)
        self._notes: dict[bytes, Callable[[bytes], None]] = {
            b"eXIf": self._metadata.add_exif,
            b"tEXt": self._texts.add_text,
            b"zTXt": self._texts.add_compressed,
            b"iTXt": self._texts.add_international,
        }

    def take(self, chunk: _Chunk) -> None:
        if self._is_needed(chunk):
            self.keep(chunk)
        elif chunk.name[:1].isupper():  # a decoder that does not know it must not show the picture (§14.2)
            raise Broken(f"the chunk {chunk.name.decode()} is unknown or out of place")
        else:
            self._note(chunk)
        self._end = chunk.end + 4

    def keep(self, chunk: _Chunk) -> None:
        named, end = self._view[chunk.start - 4 : chunk.end], chunk.end + 4
        if zlib.crc32(named) != int.from_bytes(self._view[chunk.end : end], "big"):
            raise Broken(f"the checksum of {chunk.name.decode()} is wrong")
        self._kept.append(self._view[chunk.start - 8 : end])
        self._seen.add(chunk.name)

    def cleaned(self) -> Cleaned:
        if b"IDAT" not in self._seen:
            raise Broken("a PNG without a picture")
        if self._frames_announced != self._frames:
            raise Broken(f"{self._frames_announced} frames announced, {self._frames} found")
        if self._end < len(self._data):
            self._metadata.add("trailing_data")
        stills = int(self._has_still)
        return Cleaned(
            data=b"".join(self._kept),
            removed=self._metadata.told(),
            orientation=self._metadata.orientation,
            width=self._header.width,
            height=self._header.height,
            frames=self._frames + stills,
            pixels=self._pixels + stills * self._header.width * self._header.height,
            scans=1,
        )

    def _is_needed(self, chunk: _Chunk) -> bool:
        length = chunk.end - chunk.start
        match chunk.name:
            case b"IDAT":
                return True
            case b"IEND":
                return not length
            case b"acTL":
                return self._begins_animation(chunk)
            case b"fcTL":
                return bool(self._frames_announced) and self._begins_frame(chunk)
            case b"fdAT":
                return bool(self._frames_announced)
            case name:
                return name not in self._seen and length in _NEEDED.get(name, ())

    def _begins_animation(self, chunk: _Chunk) -> bool:
        """It counts only before the picture (§11.3.4.1)."""
        if self._seen & {b"acTL", b"IDAT"}:
            return False
        if chunk.end - chunk.start != 8:
            raise Broken("a malformed animation")
        (self._frames_announced,) = struct.unpack_from(">I", self._data, chunk.start)
        if not self._frames_announced:
            raise Broken("an animation without frames")
        return True

    def _begins_frame(self, chunk: _Chunk) -> bool:
        if chunk.end - chunk.start != 26:
            raise Broken("a malformed frame")
        width, height, left, top = struct.unpack_from(">IIII", self._data, chunk.start + 4)
        if not width or not height or left + width > self._header.width or top + height > self._header.height:
            raise Broken("a frame outside of its picture")
        if b"IDAT" not in self._seen:
            self._has_still = False
        self._frames += 1
        self._pixels += width * height
        return True

    def _note(self, chunk: _Chunk) -> None:
        note = self._notes.get(chunk.name)
        if note is not None:
            note(self._data[chunk.start : chunk.end])
        else:
            self._metadata.add("timestamp" if chunk.name == b"tIME" else "other")


class _Texts:
    """What texts tell: by keyword, and by what they hold where that is EXIF or XMP."""

    def __init__(self, metadata: MetadataFound) -> None:
        self._metadata = metadata
        self._inflatable_bytes = INFLATED_BYTES_MAX

    def add_text(self, payload: bytes) -> None:
        keyword, _, text = payload.partition(b"\0")
        self._add(keyword, text)

    def add_compressed(self, payload: bytes) -> None:
        keyword, _, text = payload.partition(b"\0")
        self._add(keyword, text[1:], is_compressed=True)

    def add_international(self, payload: bytes) -> None:
        keyword, _, rest = payload.partition(b"\0")
        *_, text = rest[2:].split(b"\0", 2)
        self._add(keyword, text, is_compressed=rest[:1] == b"\1")

    def _add(self, keyword: bytes, text: bytes, *, is_compressed: bool = False) -> None:
        kind = keyword.lower()
        if kind == b"xml:com.adobe.xmp":
            self._metadata.add_xmp(self._inflated(text) if is_compressed else text)
        elif kind in _RAW_PROFILES:
            self._add_raw_profile(kind, self._inflated(text) if is_compressed else text)
        else:
            self._metadata.add(_KEYWORDS.get(kind, "text"))

    def _add_raw_profile(self, kind: bytes, text: bytes) -> None:
        profile = _raw_profile(text)
        if kind == b"raw profile type xmp" or profile.startswith(_XMP_SEGMENT):
            self._metadata.add_xmp(profile)
        else:
            self._metadata.add_exif(profile)

    def _inflated(self, text: bytes) -> bytes:
        """As much of it as is readable, and as is left of INFLATED_BYTES_MAX."""
        if not self._inflatable_bytes:  # which zlib would take for "no limit"
            return b""
        try:
            inflated = zlib.decompressobj().decompress(text, self._inflatable_bytes)
        except zlib.error:
            return b""
        self._inflatable_bytes -= len(inflated)
        return inflated


def _raw_profile(text: bytes) -> bytes:
    """The bytes of an ImageMagick profile: a name, a length, and hexadecimal digits in lines."""
    found = _RAW_PROFILE.match(text)
    digits = b"".join(found[1].split()) if found else b""
    return bytes.fromhex(digits[: len(digits) & ~1].decode())
