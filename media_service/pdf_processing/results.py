"""Results: what the process that reads a PDF says of it, and how it says it."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

import msgspec

RESULTS_BYTES_MAX = 8 << 20
_LENGTH = struct.Struct(">I")


class CleanedPdf(msgspec.Struct, frozen=True, tag=True):
    """It is written where it was asked for, unless `size` is 0: then the PDF is to be kept as it came."""

    size: int
    removed: tuple[str, ...]
    cleaned: bool


KEPT = CleanedPdf(size=0, removed=(), cleaned=False)


class FirstPage(msgspec.Struct, frozen=True, tag=True):
    thumbnails: dict[int, bytes]  # WebP, by the longer side


Result: TypeAlias = CleanedPdf | FirstPage


def write(result: Result, into: BinaryIO) -> None:
    data = msgspec.msgpack.encode(result)
    into.write(_LENGTH.pack(len(data)) + data)
    into.flush()


def read(source: BinaryIO) -> Iterator[Result]:
    """As far as they were written. Raises msgspec.MsgspecError for what is none."""
    source.seek(0)
    data = source.read(RESULTS_BYTES_MAX)
    at = 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        record = data[at + _LENGTH.size : at + _LENGTH.size + length]
        if len(record) < length:
            return
        yield msgspec.msgpack.decode(record, type=Result)
        at += _LENGTH.size + length
