"""EXIF: each kind of content has its name, and no block, however hostile, is more than "other"."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_service.domain.cleaning import REMOVABLE
from media_service.domain.cleaning.exif import ENTRIES_MAX, IFDS_MAX, Exif, read
from tests.media_service.cleaning.pictures import (
    ASCII,
    LONG,
    PHONE_NAMES,
    SHORT,
    Entry,
    directory,
    exif_of_a_phone,
    exif_of_orientation,
    tiff,
)

ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
MAKE: Entry = (0x010F, ASCII, 4, b"Ada\0")
each_order = pytest.mark.parametrize("order", ["<", ">"])


def names_of(block: bytes) -> set[str]:
    return set(read(block).names)


@each_order
@pytest.mark.parametrize(
    "tag, name",
    [
        (0x010F, "camera"),
        (0x0110, "camera"),
        (0x829A, "camera"),
        (0x920A, "camera"),
        (0xA434, "camera"),
        (0xA431, "camera"),
        (0x0132, "timestamp"),
        (0x9003, "timestamp"),
        (0x9011, "timestamp"),
        (0x9291, "timestamp"),
        (0x013B, "author"),
        (0x8298, "author"),
        (0x9C9D, "author"),
        (0xA430, "author"),
        (0x010E, "description"),
        (0x9286, "description"),
        (0x9C9B, "description"),
        (0x9C9C, "description"),
        (0x9C9E, "description"),
        (0x9C9F, "description"),
        (0x0131, "software"),
        (0x000B, "software"),
        (0x013C, "software"),
        (0x927C, "maker_notes"),
        (0x02BC, "xmp"),
        (0x83BB, "iptc"),
        (0x011A, "other"),  # a resolution says nothing of these
    ],
)
def test_each_tag_has_its_name_wherever_it_stands(order: str, tag: int, name: str) -> None:
    entry: Entry = (tag, ASCII, 4, b"Ada\0")
    assert names_of(tiff(order, [entry])) == {name}
    pointed = tiff(order, [(EXIF_IFD, LONG, 1, 26)]) + directory(order, 26, [entry])
    assert names_of(pointed) == {name}


@each_order
def test_a_phone_tells_all_of_it(order: str) -> None:
    assert read(exif_of_a_phone(7, order)) == Exif(frozenset(PHONE_NAMES), 7)


@each_order
@pytest.mark.parametrize(
    "entries, names", [([(1, ASCII, 2, b"N\0")], {"gps"}), ([(0x1D, ASCII, 2, b"1\0")], {"gps", "timestamp"})]
)
def test_a_place_is_told_and_its_date(order: str, entries: list[Entry], names: set[str]) -> None:
    assert names_of(tiff(order, [(GPS_IFD, LONG, 1, 26)]) + directory(order, 26, entries)) == names


@each_order
def test_a_thumbnail_is_told_with_what_it_says_itself(order: str) -> None:
    assert names_of(tiff(order, [], 14) + directory(order, 14, [MAKE])) == {"thumbnail", "camera"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_alone_is_nothing_to_be_told(orientation: int) -> None:
    assert read(exif_of_orientation(orientation)) == Exif(frozenset(), orientation)
    assert read(exif_of_orientation(orientation) + b"\0\0") == Exif(frozenset(), orientation)
    assert read(exif_of_orientation(orientation) + b"secret") == Exif(frozenset({"other"}), orientation)


@pytest.mark.parametrize(
    "entry",
    [
        (ORIENTATION, SHORT, 1, 0),
        (ORIENTATION, SHORT, 1, 9),
        (ORIENTATION, SHORT, 2, 6),
        (ORIENTATION, LONG, 1, 6),
        (ORIENTATION, ASCII, 2, b"6\0"),
    ],
)
def test_an_invalid_orientation_is_none(entry: Entry) -> None:
    assert read(tiff(">", [entry])) == Exif(frozenset(), None)
    assert read(tiff("<", [MAKE, entry])) == Exif(frozenset({"camera"}), None)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"II*\0\0\0\0",
        b"MM*\0\0\0\0\x08",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0",
        b"II*\0\x08\0\0\0\1",
        tiff("<", []),
    ],
)
def test_an_unreadable_or_empty_block_is_something_else(block: bytes) -> None:
    assert read(block) == Exif(frozenset({"other"}), None)


def test_a_count_beyond_the_block_is_cut_to_what_there_is() -> None:
    block = tiff("<", [(ORIENTATION, SHORT, 1, 3), MAKE])
    assert read(block[:8] + b"\xff\xff" + block[10:-4]) == Exif(frozenset({"camera", "other"}), 3)


def test_a_block_may_end_with_its_last_entry() -> None:
    assert read(tiff("<", [MAKE])[:-4]) == Exif(frozenset({"camera"}), None)


@pytest.mark.parametrize("at", [0, 8, 9, 1000, 2**32 - 1])
def test_pointers_in_circles_and_out_of_the_block_are_something_else(at: int) -> None:
    assert names_of(tiff("<", [MAKE, (EXIF_IFD, LONG, 1, at)])) >= {"camera"}
    assert names_of(tiff("<", [MAKE], at or 8)) >= {"camera"}
    assert names_of(tiff("<", [MAKE], 8)) == {"camera", "other"}


def test_only_so_many_directories_are_read() -> None:
    """A chain, each with one entry: as many as allowed are all read, of more the last is not."""
    for length, names in ((IFDS_MAX, {"thumbnail", "camera", "other"}), (IFDS_MAX + 1, {"thumbnail", "other"})):
        ends = [8 + 18 * number for number in range(length)]
        resolution: Entry = (0x011A, LONG, 1, 1)
        links = zip(ends, [*ends[1:], 8], strict=True)
        chain = [directory("<", at, [MAKE if at == ends[-1] else resolution], next_at) for at, next_at in links]
        assert names_of(b"II*\0\x08\0\0\0" + b"".join(chain)) == names


def test_only_so_many_entries_are_read() -> None:
    resolutions: list[Entry] = [(0x011A, LONG, 1, 1)] * (ENTRIES_MAX - 1)
    assert names_of(tiff("<", [*resolutions, MAKE])) == {"camera"}
    assert names_of(tiff("<", [*resolutions, (0x011A, LONG, 1, 1), MAKE])) == {"other"}


@given(st.binary(max_size=200), st.sampled_from((b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"Exif\0\0")))
def test_any_bytes_have_names_and_perhaps_an_orientation(data: bytes, head: bytes) -> None:
    said = read(head + data)
    assert said.names <= set(REMOVABLE)
    assert said.orientation in {None, *range(1, 9)}


@given(st.integers(0, 3200), st.binary(min_size=1, max_size=4))
def test_a_mutated_block_has_names(at: int, piece: bytes) -> None:
    block = bytearray(exif_of_a_phone())
    block[at : at + len(piece)] = piece
    assert read(bytes(block)).names <= set(REMOVABLE)


def test_numbers_are_read_in_the_order_of_the_block() -> None:
    little = struct.pack("<4sIHHHIHHI", b"II*\0", 8, 1, ORIENTATION, SHORT, 1, 6, 0, 0)
    assert read(little) == Exif(frozenset(), 6)
