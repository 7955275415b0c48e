"""The frames of a FLAC: whether there is nothing but them (RFC 9639 §9). A frame does not say how long it is."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from media_service.domain.recordings.source import Source

# Behind the header of the last frame is its end. The largest ones: 8 channels of 24 bits, 4,096 samples each.
_WINDOW_BYTES = 128 * 1024
_CANDIDATES_MAX = 16  # each costs a checksum over what is behind it
_SYNC = re.compile(rb"(?=\xff[\xf8\xf9])")
_HEADER_BYTES_MAX = 16
_FRAME_BYTES_MIN = 9
_ANOTHER = re.compile(rb"fLaC[\0\x80]\0\0\x22")  # stream that was hung behind this one
_ANOTHER_BYTES = 8
_IS_VARIABLE = 1  # the number is a sample's, not a frame's


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    """Of a CRC's remainders, its highest bit first."""
    remainders = []
    for byte in range(256):
        remainder = byte << bits - 8
        for _ in range(8):
            remainder = remainder << 1 ^ (polynomial if remainder >> bits - 1 else 0)
            remainder &= (1 << bits) - 1
        remainders.append(remainder)
    return tuple(remainders)


_CRC_8 = _table(0x07, 8)
_CRC_16 = _table(0x8005, 16)


class _Header(NamedTuple):
    at: int
    number: int
    is_variable: bool
    samples: int


def are_all(source: Source, start: int, end: int, *, block_samples: int, total_samples: int) -> bool:
    """Whether a frame begins at `start`, and the last ends at `end`, or has nothing but zeros behind it there.

    `total_samples`, where it is known, and `block_samples` are the stream's. Others' bytes between frames are not seen.
    """
    if _header(source.peek(start, _HEADER_BYTES_MAX), start) is None or _is_another_in(source, start, end):
        return False
    at = max(start, end - _WINDOW_BYTES)
    tail = source.peek(at, end - at)
    for header in islice(_headers_from_the_end(tail, at), _CANDIDATES_MAX):
        if not _crc_16(tail[header.at - at :]):
            first = header.number if header.is_variable else header.number * block_samples
            return not total_samples or first + header.samples == total_samples
    return False


def _is_another_in(source: Source, start: int, end: int) -> bool:
    step = _WINDOW_BYTES - _ANOTHER_BYTES
    return any(_ANOTHER.search(source.peek(at, _WINDOW_BYTES)) for at in range(start, end, step))


def _headers_from_the_end(tail: bytes, start: int) -> Iterator[_Header]:
    places = [match.start() for match in _SYNC.finditer(tail)]
    found = (_header(tail[at : at + _HEADER_BYTES_MAX], start + at) for at in reversed(places))
    return (header for header in found if header is not None)


def _header(data: bytes, at: int) -> _Header | None:
    """None where there is none (RFC 9639 §9.1)."""
    if len(data) < _FRAME_BYTES_MIN or data[0] != 0xFF or data[1] & 0xFE != 0xF8:
        return None
    size, rate = data[2] >> 4, data[2] & 15
    number_bytes = max(1, 8 - (data[4] ^ 0xFF).bit_length())  # coded as UTF-8 would
    size_bytes, rate_bytes = {6: 1, 7: 2}.get(size, 0), {12: 1, 13: 2, 14: 2}.get(rate, 0)
    end = 4 + number_bytes + size_bytes + rate_bytes
    if not size or rate == 15 or len(data) <= end or _crc_8(data[:end]) != data[end]:
        return None
    number = data[4] if number_bytes == 1 else data[4] & 0x7F >> number_bytes
    for byte in data[5 : 4 + number_bytes]:
        number = number << 6 | byte & 0x3F
    samples_at = 4 + number_bytes
    told = int.from_bytes(data[samples_at : samples_at + size_bytes], "big") + 1
    samples = told if size_bytes else 192 if size == 1 else 144 << size if size < 6 else 1 << size
    return _Header(at, number, bool(data[1] & _IS_VARIABLE), samples)


def _crc_8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC_8[crc ^ byte]
    return crc


def _crc_16(data: bytes) -> int:
    """0 of a whole frame, which ends with its own, and whatever zeros follow it."""
    crc = 0
    for byte in data:
        crc = crc << 8 & 0xFFFF ^ _CRC_16[crc >> 8 ^ byte]
    return crc
