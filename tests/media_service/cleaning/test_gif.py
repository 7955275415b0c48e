"""GIF: pictures, their timing, loops and colours stay; what else blocks hold goes."""

import struct

import pytest

from media_service.domain.cleaning import Broken, Format, clean
from media_service.domain.cleaning.cleaned import PARTS_MAX
from tests.media_service.cleaning.pictures import (
    XMP_NAMES,
    animation,
    application,
    decoded,
    encoded,
    gifs,
    painted,
    sub_blocks,
    with_blocks,
)
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, PROFILE

PLAIN = encoded(painted("P"), "GIF")
MOVING = animation("GIF", "P")
LOOPS = application(b"NETSCAPE2.0", b"\3\1\5\0\0")
CONTROL = b"\x21\xf9\4\0\7\0\0\0"
IMAGE_AT = PLAIN.index(b",\0\0\0\0\x30\0\x20\0")
SIZE_BYTES = 10 * 2**20


def reason_of(data: bytes) -> str:
    with pytest.raises(Broken) as refused:
        clean(data, Format.GIF)
    return refused.value.reason


def test_a_clean_picture_stays_as_it_is() -> None:
    for data in (PLAIN, MOVING, encoded(painted("P"), "GIF", interlace=0), PLAIN.replace(b"GIF87a", b"GIF89a")):
        assert clean(data, Format.GIF).data == data


def test_frames_and_their_own_areas_are_counted() -> None:
    cleaned = clean(MOVING, Format.GIF)
    assert (cleaned.width, cleaned.height, cleaned.frames, cleaned.scans) == (48, 32, 3, 1)
    assert 48 * 32 < cleaned.pixels < 3 * 48 * 32  # Pillow writes only what has changed


def test_a_frame_counts_with_its_own_size() -> None:
    huge = PLAIN.replace(b",\0\0\0\0\x30\0\x20\0", b",\0\0\0\0\xff\xff\xff\xff")
    assert clean(huge, Format.GIF).pixels == 65_535**2


def test_the_size_is_that_of_the_screen_grown_by_each_frame() -> None:
    frame = PLAIN[PLAIN.index(b",\0\0\0\0\x30\0\x20\0") : -1]
    for left, top, expected in (
        (0, 0, (48, 32)),
        (5, 0, (53, 32)),
        (0, 7, (48, 39)),
        (60_000, 60_000, (60_048, 60_032)),
    ):
        moved = b"," + struct.pack("<HH", left, top) + frame[5:]
        cleaned = clean(PLAIN[:-1] + moved + b";", Format.GIF)
        assert (cleaned.width, cleaned.height) == expected


@pytest.mark.parametrize("block", [LOOPS, application(b"ANIMEXTS1.0", b"\3\1\5\0\0"), CONTROL])
def test_loops_and_timing_stay(block: bytes) -> None:
    data = with_blocks(PLAIN, block)
    cleaned = clean(data, Format.GIF)
    assert (cleaned.data, cleaned.removed) == (data, ())


def test_a_colour_profile_stays_byte_for_byte() -> None:
    profile = application(b"ICCRGBG1012", sub_blocks(PROFILE))
    cleaned = clean(gifs()["profile"], Format.GIF)
    assert cleaned.data == with_blocks(PLAIN, profile)
    assert cleaned.removed == (*XMP_NAMES, "comment")


@pytest.mark.parametrize(
    "block, name",
    [
        (b"\x21\xfe" + sub_blocks(b"hello" * 100), "comment"),
        (b"\x21\xfe\0", "comment"),
        (b"\x21\x01\x0c" + bytes(12) + sub_blocks(b"hello"), "text"),
        (application(b"XMP DataXMP", b"\0"), "xmp"),
        (application(b"MGK8BIM0000", sub_blocks(b"8BIM")), "iptc"),
        (application(b"fractintxyz", sub_blocks(b"secret")), "other"),
        (application(b"NETSCAPE2.0", b"\5\2\0\0\1\0\0"), "other"),
        (application(b"NETSCAPE2.0", b"\0"), "other"),
        (b"\x21\xff\3abc\0", "other"),
        (b"\x21\xff\0", "other"),
        (b"\x21\x42\3abc\0", "other"),
        (b"\x21\xf9\3abc\0", "other"),  # timing, but too short
        (application(b"ICCRGBG1012", sub_blocks(b"no profile")), "other"),
    ],
)
def test_what_is_not_needed_goes_by_its_name(block: bytes, name: str) -> None:
    cleaned = clean(with_blocks(PLAIN, block), Format.GIF)
    assert (cleaned.data, cleaned.removed) == (PLAIN, (name,))


@pytest.mark.parametrize("block", [LOOPS, CONTROL])
def test_what_hides_behind_a_needed_block_goes(block: bytes) -> None:
    cleaned = clean(with_blocks(PLAIN, block[:-1] + sub_blocks(b"secret")), Format.GIF)
    assert (cleaned.data, cleaned.removed) == (with_blocks(PLAIN, block), ("other",))


@pytest.mark.parametrize("end", [b"", b",", b"\x21\xfe\7abc", b"\x21\xf9\4"])
def test_a_missing_trailer_is_written(end: bytes) -> None:
    cleaned = clean(PLAIN[:-1] + end, Format.GIF)
    assert (cleaned.data, cleaned.removed, cleaned.ends_early) == (PLAIN, (), True)


def test_of_a_frame_that_is_cut_off_stays_what_is_there_and_the_whole_frames_alone_besides() -> None:
    last = MOVING.rindex(b"\x21\xf9")
    for missing in (2, 40):
        cut = clean(MOVING[:-missing], Format.GIF)
        assert (cut.frames, cut.ends_early) == (3, True)
        assert cut.fallback is not None
        assert (cut.fallback.frames, cut.fallback.data) == (2, MOVING[: last + 8] + b";")
    assert decoded(clean(MOVING[:-2], Format.GIF).data) == decoded(MOVING)


def test_what_stands_behind_an_unknown_block_is_not_shown() -> None:
    cleaned = clean(PLAIN[:-1] + b"\0secret;", Format.GIF)
    assert (cleaned.data, cleaned.removed) == (PLAIN, ("trailing_data",))


def test_a_screen_without_a_size_has_that_of_its_frames() -> None:
    cleaned = clean(PLAIN[:6] + b"\0\0\0\0" + PLAIN[10:], Format.GIF)
    assert (cleaned.width, cleaned.height) == (48, 32)


def test_a_profile_tells_nothing_but_colours() -> None:
    block = application(b"ICCRGBG1012", sub_blocks(FOREIGN_PROFILE))
    cleaned = clean(with_blocks(PLAIN, block), Format.GIF)
    assert cleaned.data == with_blocks(PLAIN, application(b"ICCRGBG1012", sub_blocks(PROFILE)))
    assert cleaned.removed == ("profile_details",)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"GIF88a", "not a GIF"),
        (b"GIF89a", "the GIF ends too early"),
        (with_blocks(PLAIN, b"\0"), "an unknown block 0x00"),
        (b"GIF89a\1\0\1\0\0\0\0\x3b", "a GIF without a picture"),
        (PLAIN[:IMAGE_AT], "the GIF ends too early"),
        (PLAIN[: IMAGE_AT + 5], "the GIF ends too early"),
        (PLAIN[: IMAGE_AT + 11], "the GIF ends too early"),
    ],
)
def test_what_is_malformed_is_broken(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


# Hostile sizes


def test_a_flood_of_sub_blocks_is_read_once() -> None:
    cleaned = clean(with_blocks(PLAIN, b"\x21\xfe" + b"\1a" * (SIZE_BYTES // 2) + b"\0"), Format.GIF)
    assert (cleaned.data, cleaned.removed) == (PLAIN, ("comment",))


def test_as_many_blocks_as_allowed_are_read_and_one_more_is_not() -> None:
    comments = b"\x21\xfe\0" * (PARTS_MAX - 1)
    assert decoded(clean(with_blocks(PLAIN, comments), Format.GIF).data) == decoded(PLAIN)
    assert reason_of(with_blocks(PLAIN, comments, b"\x21\xfe\0")) == f"over {PARTS_MAX} parts"
