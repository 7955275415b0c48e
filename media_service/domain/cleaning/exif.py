"""EXIF: what a block tells, and which way up it says the picture is (EXIF 3.0, in the structure of TIFF 6).

Read only as far as names go: which tags there are, not what they say. Whatever the bytes, it never raises, and reads
at most IFDS_MAX directories, and ENTRIES_MAX entries of each.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

IFDS_MAX = 8  # a block has five: picture, thumbnail, Exif, GPS and interoperability
ENTRIES_MAX = 1000  # cameras write a hundred

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY_BYTES = 12
_SHORT = 3

_ORIENTATION = 0x0112
_EXIF_IFD = 0x8769
_GPS_IFD = 0x8825

_TAGS = {
    "camera": (
        *(0x010F, 0x0110, 0xC614, 0xC62F),  # make, model, and DNG's unique model and serial number
        *(0x829A, 0x829D, 0x8822, 0x8824, 0x8827, *range(0x8830, 0x8836)),  # exposure, aperture, sensitivity
        *(*range(0x9201, 0x920B), 0x9214, *range(0x9400, 0x9406)),  # shutter to focal length, subject, surroundings
        *(0xA20B, 0xA20E, 0xA20F, 0xA210, 0xA214, 0xA215, 0xA217, 0xA300, 0xA301),  # the sensor
        *(*range(0xA401, 0xA40D), 0xA420, *range(0xA431, 0xA436)),  # modes, the picture's id, serial numbers, the lens
    ),
    "timestamp": (0x0132, 0x9003, 0x9004, *range(0x9010, 0x9013), *range(0x9290, 0x9293)),
    "author": (0x013B, 0x8298, 0x9C9D, 0xA430, 0xA437, 0xA438),
    "description": (0x010D, 0x010E, 0x9286, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F, 0xA436),
    "software": (0x000B, 0x0131, 0x013C, *range(0xA439, 0xA43D)),
    "maker_notes": (0x927C, 0xC634),
    "xmp": (0x02BC,),
    "iptc": (0x83BB, 0x8649),
    "gps": (_GPS_IFD,),
}
_NAMES = {tag: name for name, tags in _TAGS.items() for tag in tags}
_GPS_NAMES = {0x0007: "timestamp", 0x001D: "timestamp"}


class Exif(NamedTuple):
    names: frozenset[str]  # of REMOVABLE; none where it tells an orientation and nothing else
    orientation: int | None  # 1-8


class _Directory(NamedTuple):
    tags: frozenset[int]
    values: dict[int, int]  # where another directory begins, by the tag that points to it
    orientation: int | None
    end: int
    next_at: int
    is_whole: bool


def read(block: bytes) -> Exif:
    """Of `block`, a TIFF structure with or without "Exif" before it."""
    tiff = block[6:] if block.startswith(b"Exif\0") else block
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return Exif(frozenset({"other"}), None)
    return _Reader(tiff, order).read()


def of_orientation(orientation: int) -> bytes:
    """A block that tells it and nothing else."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)


class _Reader:
    def __init__(self, tiff: bytes, order: str) -> None:
        self._tiff = tiff
        self._order = order
        self._names: set[str] = set()
        self._seen: set[int] = set()

    def read(self) -> Exif:
        picture = self._directory(self._number_at(4), _NAMES)
        if picture is None:
            return Exif(frozenset({"other"}), None)
        if not self._says_only_orientation(picture):
            self._follow(picture)
            self._names = self._names or {"other"}
        return Exif(frozenset(self._names), picture.orientation)

    def _says_only_orientation(self, picture: _Directory) -> bool:
        """Nor may bytes that no entry mentions lie behind it."""
        is_alone = picture.is_whole and picture.tags == {_ORIENTATION} and not picture.next_at
        return is_alone and not self._tiff[picture.end :].strip(b"\0")

    def _follow(self, picture: _Directory) -> None:
        for directory in self._chain(picture.next_at):
            self._names.add("thumbnail")
            self._follow_pointers(directory)
        self._follow_pointers(picture)

    def _chain(self, at: int) -> Iterator[_Directory]:
        while at and (directory := self._directory(at, _NAMES)) is not None:
            yield directory
            at = directory.next_at

    def _follow_pointers(self, directory: _Directory) -> None:
        for tag, at in directory.values.items():
            self._directory(at, _GPS_NAMES if tag == _GPS_IFD else _NAMES)

    def _directory(self, at: int, names: dict[int, str]) -> _Directory | None:
        """The one at `at`, its names noted; None, and "other" noted, where it is none or was read already."""
        if at in self._seen or len(self._seen) == IFDS_MAX or at + 2 > len(self._tiff):
            self._names.add("other")
            return None
        self._seen.add(at)
        directory = self._parse(at)
        self._names |= {names[tag] for tag in directory.tags & names.keys()}
        if not directory.is_whole:
            self._names.add("other")
        return directory

    def _parse(self, at: int) -> _Directory:
        start = at + 2
        (count,) = struct.unpack_from(self._order + "H", self._tiff, at)
        fitting = min(count, ENTRIES_MAX, (len(self._tiff) - start) // _ENTRY_BYTES)
        end = start + fitting * _ENTRY_BYTES
        entries = list(struct.iter_unpack(self._order + "HHI4s", self._tiff[start:end]))
        return _Directory(
            tags=frozenset(tag for tag, *_ in entries),
            values={tag: self._number(value) for tag, _, _, value in entries if tag in {_EXIF_IFD, _GPS_IFD}},
            orientation=next(filter(None, map(self._orientation_of, entries)), None),
            end=end + 4,
            next_at=self._number_at(end) if end + 4 <= len(self._tiff) else 0,
            is_whole=fitting == count,
        )

    def _orientation_of(self, entry: tuple[int, int, int, bytes]) -> int | None:
        tag, kind, count, value = entry
        if (tag, kind, count) != (_ORIENTATION, _SHORT, 1):
            return None
        (orientation,) = struct.unpack_from(self._order + "H", value)
        return orientation if 1 <= orientation <= 8 else None

    def _number(self, value: bytes) -> int:
        (number,) = struct.unpack(self._order + "I", value)
        return int(number)

    def _number_at(self, at: int) -> int:
        return self._number(self._tiff[at : at + 4])
