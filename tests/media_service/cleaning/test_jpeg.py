"""JPEG: each segment is needed or goes, and hostile ones cost no more than their bytes."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from media_service.domain.cleaning import Broken, Format, clean
from media_service.domain.cleaning.cleaned import PARTS_MAX
from tests.media_service.cleaning.pictures import (
    PHONE_NAMES,
    PHOTOSHOP,
    XMP,
    XMP_NAMES,
    decoded,
    decoded_still,
    encoded,
    exif_of_a_phone,
    exif_of_orientation,
    jpegs,
    painted,
    segment,
    with_segments,
)
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, LARGE_PROFILE, PROFILE

PLAIN = encoded(painted(), "JPEG")
SCANS = encoded(painted(), "JPEG", progressive=True)
JFIF = PLAIN[6:20]
SOF_AT, SOS_AT = PLAIN.index(b"\xff\xc0"), PLAIN.index(b"\xff\xda")
EXIF, ORIENTED = (b"Exif\0\0" + block for block in (exif_of_a_phone(), exif_of_orientation(8)))
SIZE_BYTES = 10 * 2**20


def removed_from(data: bytes) -> tuple[str, ...]:
    cleaned = clean(data, Format.JPEG)
    assert decoded(cleaned.data) == decoded(data)
    return cleaned.removed


def reason_of(data: bytes) -> str:
    with pytest.raises(Broken) as refused:
        clean(data, Format.JPEG)
    return refused.value.reason


def without_jfif(data: bytes) -> bytes:
    return data[:2] + data[20:]


def test_a_clean_picture_stays_as_it_is() -> None:
    assert clean(PLAIN, Format.JPEG).data == PLAIN


@pytest.mark.parametrize(
    "marker, payload, names",
    [
        (0xE1, EXIF, PHONE_NAMES),
        (0xE1, b"Exif\0\xff" + exif_of_a_phone(), PHONE_NAMES),
        (0xE1, ORIENTED, ()),
        (0xE1, b"Exif\0\0", ("other",)),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP, XMP_NAMES),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + XMP, XMP_NAMES),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>", ("xmp",)),
        (0xE1, b"http://example.com/", ("other",)),
        (0xED, PHOTOSHOP, ("iptc",)),
        (0xED, b"Adobe_CM\0", ("other",)),
        (0xFE, b"hello", ("comment",)),
        (0xFE, b"", ("comment",)),
        (0xE0, b"JFXX\0\x10", ("thumbnail",)),
        (0xE0, b"AVI1" + bytes(range(12)), ("other",)),
        (0xE0, JFIF, ("other",)),  # a second one
        (0xE2, b"MPF\0" + bytes(20), ("other",)),
        (0xE2, b"FPXR\0" + bytes(20), ("other",)),
        (0xE2, b"ICC_PROFILE\0\1", ("other",)),
        (0xEB, b"JP\0\0 jumb", ("other",)),
        (0xEE, b"Adobe", ("other",)),
        (0xF3, b"unknown", ("other",)),
        (0xCC, b"\0\0", ("other",)),
    ],
)
def test_what_is_not_needed_goes_by_its_name(marker: int, payload: bytes, names: tuple[str, ...]) -> None:
    data = PLAIN[:20] + segment(marker, payload) + PLAIN[20:]
    cleaned = clean(data, Format.JPEG)
    assert (cleaned.data, cleaned.removed) == (PLAIN, names)


def test_the_first_orientation_counts() -> None:
    data = with_segments(PLAIN, segment(0xE1, b"Exif\0\0?"), segment(0xE1, ORIENTED), segment(0xE1, EXIF))
    assert clean(data, Format.JPEG).orientation == 8


def test_a_thumbnail_in_jfif_goes_and_its_density_stays() -> None:
    with_thumbnail = segment(0xE0, JFIF[:7] + b"\1\0\x48\0\x48" + b"\1\2" + b"rgbRGB")
    cleaned = clean(with_segments(without_jfif(PLAIN), with_thumbnail), Format.JPEG)
    assert cleaned.data == with_segments(without_jfif(PLAIN), segment(0xE0, JFIF[:7] + b"\1\0\x48\0\x48\0\0"))
    assert cleaned.removed == ("thumbnail",)


def test_bytes_behind_jfif_and_adobe_go() -> None:
    adobe = b"Adobe\0\x64\0\0\0\0\1"
    padded = with_segments(without_jfif(PLAIN), segment(0xE0, JFIF + b"secret"), segment(0xEE, adobe + b"secret"))
    cleaned = clean(padded, Format.JPEG)
    assert cleaned.data == with_segments(without_jfif(PLAIN), segment(0xE0, JFIF), segment(0xEE, adobe))
    assert cleaned.removed == ("other",)


def test_a_colour_profile_in_many_segments_stays() -> None:
    cleaned = clean(jpegs()["large profile"], Format.JPEG)
    assert decoded(cleaned.data).profile == LARGE_PROFILE


@pytest.mark.parametrize("name, scans", [("baseline", 1), ("progressive", 10), ("grayscale", 1)])
def test_scans_are_counted(name: str, scans: int) -> None:
    assert clean(jpegs()[name], Format.JPEG).scans == scans


def test_fill_bytes_before_markers_are_dropped() -> None:
    fill = b"\xff" * 9
    data = PLAIN[:2] + fill + PLAIN[2:SOF_AT] + fill + PLAIN[SOF_AT:-2] + fill + PLAIN[-2:]
    cleaned = clean(data, Format.JPEG)
    assert (cleaned.data, cleaned.removed) == (PLAIN, ())


def test_a_zip_behind_it_is_cut_off() -> None:
    archive = BytesIO(PLAIN)
    archive.seek(0, 2)
    with ZipFile(archive, "a") as file:
        file.writestr("secret.txt", "secret")
    cleaned = clean(archive.getvalue(), Format.JPEG)
    assert (cleaned.data, cleaned.removed) == (PLAIN, ("trailing_data",))


def test_of_an_mpo_the_first_picture_stays() -> None:
    data = encoded(painted(), "MPO", save_all=True, append_images=[painted(shift=9)], exif=EXIF)
    cleaned = clean(data, Format.JPEG)
    assert decoded_still(cleaned.data) == decoded_still(data)
    assert cleaned.removed == (*PHONE_NAMES, "trailing_data", "other")
    assert (cleaned.frames, cleaned.pixels) == (1, 48 * 32)


def test_a_picture_within_a_segment_is_not_taken_for_the_end() -> None:
    assert removed_from(with_segments(PLAIN, segment(0xE5, PLAIN))) == ("other",)


def test_a_height_may_be_told_behind_the_first_scan() -> None:
    data = PLAIN[: SOF_AT + 5] + b"\0\0" + PLAIN[SOF_AT + 7 :]
    told = data[:-2] + segment(0xDC, b"\0\x20") + data[-2:]
    cleaned = clean(told, Format.JPEG)
    assert (cleaned.data, cleaned.width, cleaned.height) == (told, 48, 32)
    assert reason_of(data) == "a JPEG without a height"
    assert reason_of(data[:-2] + segment(0xDC, b"\0") + data[-2:]) == "a JPEG without a height"


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xDE, 0xDF])
def test_a_kind_that_browsers_do_not_know_is_not_shown(marker: int) -> None:
    assert reason_of(PLAIN[: SOF_AT + 1] + bytes((marker,)) + PLAIN[SOF_AT + 2 :]).endswith("is not shown")


def test_an_extended_frame_is_read() -> None:
    data = PLAIN.replace(b"\xff\xc0", b"\xff\xc1")
    assert clean(data, Format.JPEG).data == data


@pytest.mark.parametrize(
    "stray, names",
    [
        (b"\0", ()),
        (b"\0" * 1000, ()),
        (b"\xff\0\xff", ()),
        (b"\xff\xd0", ()),  # a restart, where there is nothing to restart
        (b"\xff\x01", ()),
        (b"Ada Lovelace", ("other",)),
        (b"A\xff\xd0", ("other",)),
    ],
)
def test_what_stands_between_segments_is_passed_over(stray: bytes, names: tuple[str, ...]) -> None:
    for at in (20, SOF_AT, SOS_AT):
        cleaned = clean(PLAIN[:at] + stray + PLAIN[at:], Format.JPEG)
        assert (cleaned.data, cleaned.removed, cleaned.ends_early) == (PLAIN, names, False)


@pytest.mark.parametrize(
    "end, names",
    [
        (b"", ()),
        (b"\xff", ()),
        (b"\xff\xfe\0\xffcut off", ("trailing_data",)),
        (b"\xff\xd8" + PLAIN, ("trailing_data",)),  # another one behind it
        (b"\xff\x21" + bytes(40), ("trailing_data",)),
    ],
)
def test_a_missing_end_is_written_and_told(end: bytes, names: tuple[str, ...]) -> None:
    for whole in (PLAIN, SCANS):
        cleaned = clean(whole[:-2] + end, Format.JPEG)
        assert (cleaned.data, cleaned.removed, cleaned.ends_early) == (whole, names, True)


def test_a_profile_tells_nothing_but_colours() -> None:
    with_profile = encoded(painted(), "JPEG", icc_profile=FOREIGN_PROFILE)
    cleaned = clean(with_profile, Format.JPEG)
    assert decoded(cleaned.data).profile == PROFILE
    assert cleaned.removed == ("profile_details",)


def test_a_profile_of_which_a_segment_is_missing_goes() -> None:
    first = segment(0xE2, b"ICC_PROFILE\0\1\2" + PROFILE)
    cleaned = clean(with_segments(PLAIN, first), Format.JPEG)
    assert (cleaned.data, cleaned.removed) == (PLAIN, ("other",))


SOF, SOS = PLAIN[SOF_AT : SOF_AT + 19], PLAIN[SOS_AT : SOS_AT + 14]


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"\xff\xd9", "not a JPEG"),
        (b"\xff\xd8\xff\xd9", "a JPEG without a picture"),
        (PLAIN[:SOS_AT] + b"\xff\xd9", "a JPEG without a picture"),
        (b"\xff\xd8" + PLAIN[SOS_AT:], "a scan before its frame"),
        (with_segments(PLAIN, SOF), "a JPEG with two frames"),
        (with_segments(PLAIN, b"\xff\xd8"), "the marker 0xd8 is out of place"),
        (with_segments(PLAIN, b"\xff\xbf"), "the marker 0xbf is out of place"),
        (with_segments(PLAIN, b"\xff\xfe\0\1"), "a segment is shorter than its own length"),
        (with_segments(PLAIN, segment(0xDB, bytes(66))), "a malformed quantization table"),
        (with_segments(PLAIN, segment(0xDB, b"\x10" + bytes(64))), "a malformed quantization table"),
        (with_segments(PLAIN, segment(0xC4, b"\0\1" + bytes(15))), "a malformed Huffman table"),
        (with_segments(PLAIN, segment(0xDD, bytes(3))), "a malformed restart interval"),
        (PLAIN.replace(SOF, segment(0xC0, SOF[4:-1])), "a malformed frame header"),
        (PLAIN.replace(SOF, segment(0xC0, b"")), "a malformed frame header"),
        (PLAIN.replace(SOF, SOF[:7] + b"\0\0" + SOF[9:]), "a JPEG without a width"),
        (PLAIN.replace(SOS, segment(0xDA, SOS[4:-1])), "a malformed scan header"),
        (PLAIN.replace(SOS, segment(0xDA, b"")), "a malformed scan header"),
        (PLAIN[: SOS_AT + 5], "the JPEG ends too early"),
        (SCANS[: SCANS.rindex(b"\xff\xda")], "the JPEG ends too early"),
        (SCANS[: SCANS.index(b"\xff\xda") + 40], "the JPEG ends too early"),
        (PLAIN[:2] + b"\xff\xfe\xff\xff" + PLAIN[2:], "the JPEG ends too early"),
    ],
)
def test_what_is_malformed_is_broken(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


# Hostile sizes: each of these would take hours, were its cost not linear


@pytest.mark.parametrize(
    "flood", [b"\xff" * SIZE_BYTES + b"\0", b"\xff\xd0" * (SIZE_BYTES // 2), b"\xff\0" * (SIZE_BYTES // 2)]
)
def test_floods_within_a_scan_are_kept(flood: bytes) -> None:
    data = PLAIN[:-2] + flood + PLAIN[-2:]
    assert clean(data, Format.JPEG).data == data


def test_floods_of_fill_bytes_are_dropped() -> None:
    fill = b"\xff" * SIZE_BYTES
    assert clean(PLAIN[:2] + fill + PLAIN[2:-2] + fill + PLAIN[-2:], Format.JPEG).data == PLAIN
    assert clean(PLAIN[:-2] + fill, Format.JPEG).data == PLAIN
    for size_bytes in (1, 2**16 - 1, 2**16, 2**16 + 1):  # about the blocks that it is read in
        assert clean(PLAIN[:-2] + fill[:size_bytes] + PLAIN[-2:], Format.JPEG).data == PLAIN


def test_as_many_segments_as_allowed_are_read_and_one_more_is_not() -> None:
    parts = 2 + PLAIN[:SOS_AT].count(b"\xff\xdb") + PLAIN[:SOS_AT].count(b"\xff\xc4") + len((SOF, SOS))
    most = PLAIN[:2] + segment(0xFE, b"") * (PARTS_MAX - parts) + PLAIN[2:]
    assert clean(most, Format.JPEG).data == PLAIN
    assert reason_of(with_segments(most, segment(0xFE, b""))) == f"over {PARTS_MAX} parts"
    assert reason_of(with_segments(PLAIN, segment(0xFE, b"") * (SIZE_BYTES // 4))) == f"over {PARTS_MAX} parts"
