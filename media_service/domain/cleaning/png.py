"""PNG and APNG: their chunks, those that a decoder paints with and those that it does not (W3C PNG, third edition).

An optional chunk that is broken, misplaced, of a wrong size or there twice is left out, as decoders ignore it. An
animation's chunks stay where acTL announces one, as far as whole frames go, and it is made to announce those. A missing
end is written. An animation keeps its orientation, and nothing else of its EXIF: to turn it would be to encode it anew.
"""

import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import msgspec

from media_service.domain.cleaning import exif, icc
from media_service.domain.cleaning.cleaned import Broken, Cleaned, TooManyParts, bounded
from media_service.domain.cleaning.metadata_found import MetadataFound
from media_service.domain.cleaning.png_animation import CONTROL_BYTES, Animation
from media_service.domain.cleaning.png_texts import Texts

PROFILE_BYTES_MAX = 4 << 20  # that of a printer has up to 3 MiB
_PROFILE_NAME = b"ICC Profile"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIZE_MAX = (1 << 31) - 1
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
_DEPTHS = {_GRAY: (1, 2, 4, 8, 16), _RGB: (8, 16), _PALETTE: (1, 2, 4, 8), _GRAY_ALPHA: (8, 16), _RGB_ALPHA: (8, 16)}

_BEFORE_PALETTE = frozenset((b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP"))
_SIZES: dict[bytes, Collection[int]] = {  # of those that are needed, each once and before the picture
    b"cHRM": (32,),
    b"gAMA": (4,),
    b"iCCP": range(1, _SIZE_MAX),
    b"sRGB": (1,),
    b"cICP": (4,),
    b"pHYs": (9,),
}
_SIZES_BY_COLOUR: dict[bytes, dict[int, Collection[int]]] = {
    b"PLTE": dict.fromkeys((_RGB, _PALETTE, _RGB_ALPHA), range(3, 769, 3)),
    b"tRNS": {_GRAY: (2,), _RGB: (6,), _PALETTE: range(1, 257)},
    b"bKGD": {_GRAY: (2,), _RGB: (6,), _PALETTE: (1,), _GRAY_ALPHA: (2,), _RGB_ALPHA: (6,)},
    b"sBIT": {_GRAY: (1,), _RGB: (3,), _PALETTE: (3,), _GRAY_ALPHA: (2,), _RGB_ALPHA: (4,)},
}
_OPTIONAL = 0x20  # of a name's first letter


class _Header(NamedTuple):
    width: int
    height: int
    colour: int


class _Chunk(NamedTuple):
    name: bytes
    start: int  # of its payload
    end: int
    is_whole: bool  # with the checksum behind it


def clean(data: bytes) -> Cleaned:
    """Raises Broken."""
    if not data.startswith(_SIGNATURE):
        raise Broken("not a PNG")
    chunks = bounded(_chunks(data))
    first = next(chunks, None)
    if first is None or not first.is_whole:
        raise Broken("the PNG ends too early")
    reader = _Reader(data, _header(first.name, data[first.start : first.end]))
    reader.keep(first)
    try:
        for chunk in chunks:
            reader.take(chunk)
    except TooManyParts:
        raise
    except Broken:  # with the picture behind it, what it shows is known
        if not reader.has_picture:
            raise
    return reader.cleaned()


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Up to and with IEND, or as far as there are any; the last one may be shorter than it says."""
    at, name = len(_SIGNATURE), b""
    while name != b"IEND" and at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        start = at + 8
        at = start + length + 4
        yield _Chunk(name, start, min(start + length, len(data)), at <= len(data))


def _header(name: bytes, payload: bytes) -> _Header:
    if name != b"IHDR" or len(payload) != 13:
        raise Broken("a PNG without a header")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", payload)
    if not (1 <= width <= _SIZE_MAX and 1 <= height <= _SIZE_MAX):
        raise Broken("a PNG of an impossible size")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise Broken("a PNG of an unknown kind")
    return _Header(width, height, colour)


def _chunk(name: bytes, payload: bytes | memoryview = b"") -> bytes:
    body = name + bytes(payload)
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


_END = _chunk(b"IEND")


class _Reader:
    def __init__(self, data: bytes, header: _Header) -> None:
        self._data = data
        self._view = memoryview(data)
        self._header = header
        self._kept: list[bytes | memoryview] = [_SIGNATURE]  # joined once: a file is large
        self._metadata = MetadataFound()
        self._texts = Texts(self._metadata)
        self._seen: set[bytes] = set()
        self._animation: Animation | None = None
        self._end = len(_SIGNATURE)
        self._notes: dict[bytes, Callable[[bytes], None]] = {
            b"eXIf": self._metadata.add_exif,
            b"tEXt": self._texts.add_text,
            b"zTXt": self._texts.add_compressed,
            b"iTXt": self._texts.add_international,
        }

    @property
    def has_picture(self) -> bool:
        return b"IDAT" in self._seen

    def take(self, chunk: _Chunk) -> None:
        if chunk.name == b"IDAT" or self._is_needed(chunk):
            self.keep(chunk)
        elif chunk.name == b"IEND":
            self._seen.add(b"IEND")
            if chunk.end > chunk.start:
                self._metadata.add("other")
        elif not chunk.name[0] & _OPTIONAL and not self._is_suggested_palette(chunk):  # nobody shows it then (§14.2)
            raise Broken(f"the chunk {chunk.name.decode('latin-1')} is unknown or out of place")
        else:
            self._note(chunk)
        self._end = chunk.end + 4

    def _is_suggested_palette(self, chunk: _Chunk) -> bool:
        return chunk.name == b"PLTE" and self._header.colour != _PALETTE

    def keep(self, chunk: _Chunk) -> None:
        """Pixels with the checksum that they should have: our decoder would stop at a wrong one, browsers go on."""
        if chunk.name == b"IDAT" and not self.has_picture:
            self._begin_picture()
        self._seen.add(chunk.name)
        if chunk.name == b"iCCP":
            self._keep_profile(self._data[chunk.start : chunk.end])
        elif self._has_right_checksum(chunk):
            self._kept.append(self._view[chunk.start - 8 : chunk.end + 4])
        elif chunk.name != b"IDAT":
            raise Broken(f"the checksum of {chunk.name.decode()} is wrong")
        else:
            self._kept.append(_chunk(chunk.name, self._view[chunk.start : chunk.end]))

    def _begin_picture(self) -> None:
        if self._header.colour == _PALETTE and b"PLTE" not in self._seen:
            raise Broken("a PNG without its palette")
        if self._animation:
            self._animation.add_picture()

    def _checked(self, chunk: _Chunk) -> memoryview:
        """Its payload, or none."""
        return self._view[chunk.start : chunk.end if self._has_right_checksum(chunk) else chunk.start]

    def _has_right_checksum(self, chunk: _Chunk) -> bool:
        named = self._view[chunk.start - 4 : chunk.end]
        return zlib.crc32(named) == int.from_bytes(self._view[chunk.end : chunk.end + 4], "big")

    def cleaned(self) -> Cleaned:
        if not self.has_picture:
            raise Broken("a PNG without a picture" if b"IEND" in self._seen else "the PNG ends too early")
        rest = self._data[self._end :]
        if rest and (b"IEND" in self._seen or not _END.startswith(rest)):
            self._metadata.add("trailing_data")
        self._drop_frames_from(self._animation.drop_unfinished() if self._animation else None)
        cleaned = self._assembled()
        if self._animation and cleaned.ends_early and (at := self._animation.drop_last()) is not None:
            self._drop_frames_from(at)
            return msgspec.structs.replace(cleaned, fallback=self._assembled())
        return cleaned

    def _drop_frames_from(self, at: int | None) -> None:
        if at is not None:
            del self._kept[at:]
            self._metadata.add("other")

    def _assembled(self) -> Cleaned:
        kept, areas = [*self._kept], [self._header.width * self._header.height]
        if self._animation:
            control = self._animation.control()
            kept[self._animation.at] = _chunk(b"acTL", control) if control else b""
            areas = [*self._animation.areas(*areas)]
        orientation = self._metadata.orientation
        if len(areas) > 1 and orientation > 1:
            kept.insert(2, _chunk(b"eXIf", exif.of_orientation(orientation)))
        return Cleaned(
            data=b"".join((*kept, _END)),
            removed=self._metadata.told(),
            orientation=orientation,
            width=self._header.width,
            height=self._header.height,
            frames=len(areas),
            pixels=sum(areas),
            scans=1,
            ends_early=b"IEND" not in self._seen,
        )

    def _is_needed(self, chunk: _Chunk) -> bool:
        match chunk.name:
            case b"acTL":
                return self._begins_animation(chunk)
            case b"fcTL":
                return self._begins_frame(chunk)
            case b"fdAT":
                return self._animation is not None and self._animation.add(self._checked(chunk))
            case _:
                return self._is_needed_once(chunk)

    def _begins_animation(self, chunk: _Chunk) -> bool:
        """It counts only before the picture (§11.3.4.1)."""
        is_whole = chunk.end - chunk.start == CONTROL_BYTES and self._has_right_checksum(chunk)
        if not is_whole or self._seen & {b"acTL", b"IDAT"}:
            return False
        announced, plays = (int.from_bytes(self._view[at : at + 4], "big") for at in (chunk.start, chunk.start + 4))
        if announced:
            self._animation = Animation(len(self._kept), plays)
        return announced > 0

    def _begins_frame(self, chunk: _Chunk) -> bool:
        if self._animation is None:
            return False
        size = (self._header.width, self._header.height)
        return self._animation.begin(
            bytes(self._checked(chunk)), size, len(self._kept), is_picture=not self.has_picture
        )

    def _is_needed_once(self, chunk: _Chunk) -> bool:
        name, colour = chunk.name, self._header.colour
        sizes = _SIZES_BY_COLOUR[name].get(colour, ()) if name in _SIZES_BY_COLOUR else _SIZES.get(name, ())
        if chunk.end - chunk.start not in sizes or self._seen & {name, b"IDAT"}:
            return False
        if name in _BEFORE_PALETTE and b"PLTE" in self._seen:
            return False
        return self._has_right_checksum(chunk)

    def _keep_profile(self, payload: bytes) -> None:
        """Without the name that it has; what cannot be read goes."""
        name, _, rest = payload.partition(b"\0")
        profile = _inflated(rest[1:])
        reduced = icc.reduced(profile)
        if reduced is None:
            self._metadata.add("other")
            return
        if reduced != profile or name != _PROFILE_NAME:
            self._metadata.add("profile_details")
        self._kept.append(_chunk(b"iCCP", _PROFILE_NAME + b"\0\0" + zlib.compress(reduced)))

    def _note(self, chunk: _Chunk) -> None:
        note = self._notes.get(chunk.name)
        if note is not None:
            note(self._data[chunk.start : chunk.end])
        else:
            self._metadata.add("timestamp" if chunk.name == b"tIME" else "other")


def _inflated(data: bytes) -> bytes:
    """Nothing where it cannot be read, or is too much."""
    inflating = zlib.decompressobj()
    try:
        inflated = inflating.decompress(data, PROFILE_BYTES_MAX)
    except zlib.error:
        return b""
    return inflated if inflating.eof else b""
