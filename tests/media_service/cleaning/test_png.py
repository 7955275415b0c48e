"""PNG: each chunk is needed, whole and right, or goes; and texts are named for what they hold."""

import struct
import zlib

import pytest

from media_service.domain.cleaning import Broken, Format, clean
from media_service.domain.cleaning.cleaned import PARTS_MAX
from media_service.domain.cleaning.png import INFLATED_BYTES_MAX
from tests.media_service.cleaning.pictures import (
    PHONE_NAMES,
    PROFILE,
    TEXT_NAMES,
    XMP,
    XMP_NAMES,
    animation,
    chunk,
    decoded,
    encoded,
    exif_of_a_phone,
    exif_of_orientation,
    painted,
    pngs,
    with_chunks,
)

PLAIN = encoded(painted(), "PNG")
HEADER = PLAIN[16:29]
MOVING = animation("PNG", "RGB")
ACTL_AT = MOVING.index(b"acTL") - 4
FCTL_AT = MOVING.index(b"fcTL") - 4


def removed_from(*chunks: bytes) -> tuple[str, ...]:
    cleaned = clean(with_chunks(PLAIN, *chunks), Format.PNG)
    assert cleaned.data == PLAIN
    return cleaned.removed


def reason_of(data: bytes) -> str:
    with pytest.raises(Broken) as refused:
        clean(data, Format.PNG)
    return refused.value.reason


def with_header(payload: bytes) -> bytes:
    return PLAIN[:8] + chunk(b"IHDR", payload) + PLAIN[33:]


def with_first_frame(payload: bytes) -> bytes:
    return MOVING[:FCTL_AT] + chunk(b"fcTL", payload) + MOVING[FCTL_AT + 38 :]


def raw_profile(name: bytes, data: bytes) -> bytes:
    """As ImageMagick writes it."""
    digits = data.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return b"Raw profile type " + name + b"\0\0" + zlib.compress(b"\n%s\n%8d\n%s\n" % (name, len(data), lines))


def test_a_clean_picture_stays_as_it_is() -> None:
    for data in (PLAIN, MOVING, encoded(painted("P"), "PNG", transparency=3, icc_profile=PROFILE, dpi=(72, 72))):
        assert clean(data, Format.PNG).data == data


def test_all_texts_of_a_picture_are_named() -> None:
    assert clean(pngs()["16 bit"], Format.PNG).removed == TEXT_NAMES


@pytest.mark.parametrize(
    "name, payload, names",
    [
        (b"eXIf", exif_of_a_phone(), PHONE_NAMES),
        (b"eXIf", exif_of_orientation(3), ()),
        (b"eXIf", b"", ("other",)),
        (b"tIME", bytes(7), ("timestamp",)),
        (b"tEXt", b"Author\0Ada", ("author",)),
        (b"tEXt", b"Creation Time\0today", ("timestamp",)),
        (b"tEXt", b"Software\0parley", ("software",)),
        (b"tEXt", b"Title\0one", ("description",)),
        (b"tEXt", b"prompt\0a cat", ("text",)),
        (b"tEXt", b"", ("text",)),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"hello"), ("description",)),
        (b"iTXt", b"Author\0\0\0en\0\0Ada", ("author",)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP, XMP_NAMES),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP), XMP_NAMES),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0not compressed", ("xmp",)),
        (b"iTXt", b"XML:com.adobe.xmp", ("xmp",)),
        (b"zTXt", raw_profile(b"exif", b"Exif\0\0" + exif_of_a_phone()), PHONE_NAMES),
        (b"zTXt", raw_profile(b"APP1", b"Exif\0\0" + exif_of_a_phone()), PHONE_NAMES),
        (b"zTXt", raw_profile(b"APP1", b"http://ns.adobe.com/xap/1.0/\0" + XMP), XMP_NAMES),
        (b"zTXt", raw_profile(b"xmp", XMP), XMP_NAMES),
        (b"zTXt", raw_profile(b"iptc", b"8BIM"), ("iptc",)),
        (b"zTXt", b"Raw profile type exif\0\0nothing", ("other",)),
        (b"tEXt", b"Raw profile type exif\0\nexif\n 3\nabc", ("other",)),
        (b"prVt", b"private", ("other",)),
        (b"gAMA", b"four and more", ("other",)),
        (b"fdAT", b"without acTL", ("other",)),
        (b"fcTL", bytes(26), ("other",)),
    ],
)
def test_what_is_not_needed_goes_by_its_name(name: bytes, payload: bytes, names: tuple[str, ...]) -> None:
    assert removed_from(chunk(name, payload)) == names


def test_a_needed_chunk_stays_once() -> None:
    gamma, other = chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"gAMA", b"\0\1\0\0")
    cleaned = clean(with_chunks(PLAIN, gamma, other), Format.PNG)
    assert (cleaned.data, cleaned.removed) == (with_chunks(PLAIN, gamma), ("other",))


@pytest.mark.parametrize(
    "name, size", [(b"cHRM", 32), (b"sBIT", 3), (b"sRGB", 1), (b"cICP", 4), (b"bKGD", 6), (b"pHYs", 9), (b"tRNS", 6)]
)
def test_what_decoders_paint_with_stays(name: bytes, size: int) -> None:
    data = with_chunks(PLAIN, chunk(name, bytes(size)))
    assert clean(data, Format.PNG).data == data


def test_an_orientation_in_a_raw_profile_is_told() -> None:
    data = with_chunks(PLAIN, chunk(b"zTXt", raw_profile(b"exif", b"Exif\0\0" + exif_of_orientation(5))))
    assert clean(data, Format.PNG).orientation == 5


def test_checksums_count_only_where_a_chunk_stays() -> None:
    assert removed_from(chunk(b"tEXt", b"Author\0Ada")[:-1] + b"?") == ("author",)
    assert reason_of(PLAIN[:-1] + b"?") == "the checksum of IEND is wrong"
    assert reason_of(PLAIN[:29] + b"????" + PLAIN[33:]) == "the checksum of IHDR is wrong"


# Animations


def test_frames_and_their_own_areas_are_counted() -> None:
    cleaned = clean(MOVING, Format.PNG)
    area = 48 * 32
    assert (cleaned.frames, cleaned.scans) == (3, 1)
    assert area < cleaned.pixels < 3 * area  # Pillow writes only what has changed
    with_a_still = clean(animation("PNG", "RGB", default_image=True), Format.PNG)
    assert (with_a_still.frames, with_a_still.pixels > area) == (3, True)


def test_an_animation_behind_the_picture_does_not_count() -> None:
    late = PLAIN[:-12] + MOVING[ACTL_AT : ACTL_AT + 20] + chunk(b"fdAT", bytes(9)) + PLAIN[-12:]
    cleaned = clean(late, Format.PNG)
    assert (cleaned.data, cleaned.removed, cleaned.frames) == (PLAIN, ("other",), 1)


def test_a_second_announcement_does_not_count() -> None:
    twice = with_chunks(MOVING, MOVING[ACTL_AT : ACTL_AT + 20])
    cleaned = clean(twice, Format.PNG)
    assert (cleaned.removed, decoded(cleaned.data)) == (("other",), decoded(MOVING))


def frame(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    return struct.pack(">IIIIIHHBB", 0, width, height, left, top, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"\x89PNG", "not a PNG"),
        (PLAIN[:8] + PLAIN[33:], "a PNG without a header"),
        (with_header(HEADER + b"\0"), "a PNG without a header"),
        (with_header(bytes(4) + HEADER[4:]), "a PNG of an impossible size"),
        (with_header(HEADER[:4] + b"\x80\0\0\0" + HEADER[8:]), "a PNG of an impossible size"),
        (with_header(HEADER[:8] + b"\7" + HEADER[9:]), "a PNG of an unknown kind"),
        (with_header(HEADER[:9] + b"\7" + HEADER[10:]), "a PNG of an unknown kind"),
        (with_header(HEADER[:-1] + b"\2"), "a PNG of an unknown kind"),
        (with_chunks(PLAIN, PLAIN[8:33]), "the chunk IHDR is unknown or out of place"),
        (with_chunks(PLAIN, chunk(b"CgBI", bytes(4))), "the chunk CgBI is unknown or out of place"),
        (with_chunks(PLAIN, chunk(b"PLTE", bytes(4))), "the chunk PLTE is unknown or out of place"),
        (with_chunks(PLAIN, chunk(b"IEND", bytes(4))), "the chunk IEND is unknown or out of place"),
        (with_chunks(PLAIN, chunk(b"a\0b1")), "a malformed chunk name"),
        (with_chunks(PLAIN, b"\xff\xff\xff\xfftEXt"), "the PNG ends too early"),
        (PLAIN[:33] + PLAIN[-12:], "a PNG without a picture"),
        (with_chunks(PLAIN, chunk(b"acTL", bytes(8))), "an animation without frames"),
        (with_chunks(PLAIN, chunk(b"acTL", bytes(7))), "a malformed animation"),
        (with_chunks(PLAIN, chunk(b"acTL", b"\0\0\0\2\0\0\0\0")), "2 frames announced, 0 found"),
        (with_first_frame(bytes(25)), "a malformed frame"),
        (with_first_frame(frame(0, 32)), "a frame outside of its picture"),
        (with_first_frame(frame(48, 0)), "a frame outside of its picture"),
        (with_first_frame(frame(48, 32, left=1)), "a frame outside of its picture"),
        (with_first_frame(frame(48, 32, top=1)), "a frame outside of its picture"),
    ],
)
def test_what_is_malformed_is_broken(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


# Hostile sizes


def test_texts_that_would_fill_the_memory_are_not_inflated() -> None:
    bomb = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(10 * INFLATED_BYTES_MAX), 9))
    hidden = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP))
    assert removed_from(hidden, *[bomb] * 1000) == XMP_NAMES
    assert removed_from(bomb, hidden) == ("xmp",)


def test_as_many_chunks_as_allowed_are_read_and_one_more_is_not() -> None:
    parts = (PLAIN.count(b"IDAT"), b"IHDR", b"IEND")
    private = chunk(b"prVt") * (PARTS_MAX - len(parts))
    assert removed_from(private) == ("other",)
    assert reason_of(with_chunks(PLAIN, private, chunk(b"prVt"))) == f"over {PARTS_MAX} parts"


def test_a_long_raw_profile_is_read_once() -> None:
    for text in (b" " * 2**20, b"a" * 2**20, b"a 1" + b"1" * 2**20, b"exif 1 " + b"0 " * 2**20):
        assert removed_from(chunk(b"tEXt", b"Raw profile type exif\0" + text)) == ("other",)
