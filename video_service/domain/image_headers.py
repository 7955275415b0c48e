"""Image headers: what a file says of its format and size, read without decoding it."""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from video_service.domain.refusals import BrokenFrame, FrameTooLarge, UnknownFormat

# A scan of a progressive JPEG may be a few bytes and still cost a pass over all of its pixels: a small file of many
# would keep a core busy for minutes. Encoders write ten or so.
JPEG_SCANS_MAX = 100
PNG_CHUNKS_MAX = 10_000


class Format(Enum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


class Header(NamedTuple):
    """Width and height are in pixels as stored: turning upright may swap them."""

    format: Format
    width: int
    height: int
    may_be_transparent: bool = False


def read_header(data: bytes, *, pixels_max: int) -> Header:
    """What `data` says of itself. Raises UnknownFormat, BrokenFrame or FrameTooLarge."""
    for signature, read in _READERS.items():
        if data.startswith(signature):
            header = read(data)
            break
    else:
        raise UnknownFormat
    if not header.width or not header.height:
        raise BrokenFrame
    if header.width * header.height > pixels_max:
        raise FrameTooLarge(header.width, header.height, pixels_max)
    return header


def check_png_chunks(data: bytes) -> None:
    """Raises BrokenFrame unless each chunk (PNG §5.3) up to IEND ends within `data`.

    OpenCV makes room for as many bytes as a chunk announces before it reads them: gigabytes, for a file of 42 bytes.
    """
    at = 8
    for _ in range(PNG_CHUNKS_MAX):
        end = at + 12 + _big(data, at, 4)
        if end > len(data):
            break
        if data[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise BrokenFrame


def _jpeg(data: bytes) -> Header:
    """The first frame header (ITU-T T.81, annex B): segments of a marker and a length lead to it."""
    if data.count(b"\xff\xda") > JPEG_SCANS_MAX:
        raise BrokenFrame
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 9 <= len(data):
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _JPEG_SIZES:
            return Header(Format.JPEG, _big(data, at + 7, 2), _big(data, at + 5, 2))
        elif marker in _JPEG_BARE:
            at += 2
        elif marker in {0xD9, 0xDA}:  # pixels, or the end, before their size
            break
        else:
            at += 2 + _big(data, at + 2, 2)
    raise BrokenFrame


def _png(data: bytes) -> Header:
    """The chunk IHDR, which has to be the first (PNG §5.6)."""
    if len(data) < 24 or data[12:16] != b"IHDR":
        raise BrokenFrame
    has_transparency_chunk = data.find(b"tRNS", 33, max(0, data.find(b"IDAT"))) > 0
    may_be_transparent = data[25:26] in _PNG_WITH_ALPHA or has_transparency_chunk
    return Header(Format.PNG, _big(data, 16, 4), _big(data, 20, 4), may_be_transparent)


def _webp(data: bytes) -> Header:
    """The first chunk of the container: lossy, lossless or extended (RFC 9649 §2)."""
    read = _WEBP_CHUNKS.get(data[12:16])
    if data[8:12] != b"WEBP":
        raise UnknownFormat
    if read is None or len(data) < 30:
        raise BrokenFrame
    return Header(Format.WEBP, *read(data), may_be_transparent=_may_webp_be_transparent(data))


def _may_webp_be_transparent(data: bytes) -> bool:
    """By the extended header's bit, or the lossless one's."""
    kind = data[12:16]
    return (kind == b"VP8X" and bool(data[20] & 0x10)) or (kind == b"VP8L" and bool(data[24] & 0x10))


def _lossy(data: bytes) -> tuple[int, int]:
    return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF


def _lossless(data: bytes) -> tuple[int, int]:
    bits = _little(data, 21, 4)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _extended(data: bytes) -> tuple[int, int]:
    return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1


def _big(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


_PNG_WITH_ALPHA = frozenset({b"\4", b"\6"})  # types of colour (PNG §6.1)
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF, but for DHT, JPG and DAC
_JPEG_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})  # without a length
_WEBP_CHUNKS: dict[bytes, Callable[[bytes], tuple[int, int]]] = {
    b"VP8 ": _lossy,
    b"VP8L": _lossless,
    b"VP8X": _extended,
}
_READERS: dict[bytes, Callable[[bytes], Header]] = {
    b"\xff\xd8\xff": _jpeg,
    b"\x89PNG\r\n\x1a\n": _png,
    b"RIFF": _webp,
}
