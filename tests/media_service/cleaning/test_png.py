"""PNG: each chunk is needed, whole and right, or goes; and texts are named for what they hold."""

import zlib

import pytest

from media_service.domain.cleaning import Broken, Format, clean
from media_service.domain.cleaning.cleaned import PARTS_MAX
from media_service.domain.cleaning.png_texts import INFLATED_BYTES_MAX
from tests.media_service.cleaning.pictures import (
    PHONE_NAMES,
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
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, PROFILE

PLAIN = encoded(painted(), "PNG")
HEADER = PLAIN[16:29]
MOVING = animation("PNG", "RGB")


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
        (b"a\0b1", b"no name", ("other",)),
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
    assert clean(PLAIN[:-1] + b"?", Format.PNG).data == PLAIN
    assert reason_of(PLAIN[:29] + b"????" + PLAIN[33:]) == "the checksum of IHDR is wrong"


def test_a_wrong_checksum_of_pixels_is_put_right_and_that_of_a_palette_is_broken() -> None:
    assert clean(with_wrong_checksum(PLAIN, b"IDAT"), Format.PNG).data == PLAIN
    indexed = encoded(painted("P"), "PNG")
    assert reason_of(with_wrong_checksum(indexed, b"PLTE")) == "the chunk PLTE is unknown or out of place"


def with_wrong_checksum(png: bytes, name: bytes) -> bytes:
    at = png.index(name)
    end = at + 4 + int.from_bytes(png[at - 4 : at], "big")
    return png[:end] + b"????" + png[end + 4 :]


@pytest.mark.parametrize("missing", range(1, 17))
def test_a_missing_end_is_written_and_told(missing: int) -> None:
    cleaned = clean(PLAIN[:-missing], Format.PNG)
    assert (cleaned.data, cleaned.removed) == (PLAIN, ())
    assert cleaned.ends_early == (missing > 4)  # of its checksum alone, IEND is there


@pytest.mark.parametrize("name, size", [(b"gAMA", 4), (b"pHYs", 9), (b"tRNS", 6), (b"sRGB", 1), (b"cICP", 4)])
def test_a_broken_optional_chunk_is_dropped(name: bytes, size: int) -> None:
    good = chunk(name, bytes(size))
    for broken in (
        with_chunks(PLAIN, good[:-1] + b"?"),
        with_chunks(PLAIN, chunk(name, bytes(size + 1))),
        PLAIN[:-12] + good + PLAIN[-12:],  # too late
        with_chunks(PLAIN, chunk(name, bytes(size + 1)), chunk(name, b"")),
    ):
        cleaned = clean(broken, Format.PNG)
        assert (cleaned.data, cleaned.removed) == (PLAIN, ("other",))


@pytest.mark.parametrize("mode, size", [("L", 6), ("RGB", 2), ("RGBA", 6), ("P", 257)])
def test_transparency_of_another_kind_of_picture_is_dropped(mode: str, size: int) -> None:
    plain = encoded(painted(mode), "PNG")
    at = plain.index(b"IDAT") - 4
    cleaned = clean(plain[:at] + chunk(b"tRNS", bytes(size)) + plain[at:], Format.PNG)
    assert (cleaned.data, cleaned.removed) == (plain, ("other",))


def test_a_suggested_palette_may_be_broken_and_a_needed_one_has_to_be_there() -> None:
    assert removed_from(chunk(b"PLTE", bytes(4))) == ("other",)
    indexed = encoded(painted("P"), "PNG")
    at = indexed.index(b"PLTE") - 4
    size = 12 + int.from_bytes(indexed[at : at + 4], "big")
    assert reason_of(indexed[:at] + indexed[at + size :]) == "a PNG without its palette"


def test_a_profile_tells_nothing_but_colours() -> None:
    named = b"The screen of Ada\0\0" + zlib.compress(FOREIGN_PROFILE)
    cleaned = clean(with_chunks(PLAIN, chunk(b"iCCP", named)), Format.PNG)
    assert decoded(cleaned.data).profile == PROFILE
    assert b"Ada" not in cleaned.data
    assert cleaned.removed == ("profile_details",)


@pytest.mark.parametrize(
    "profile",
    [b"no profile", zlib.compress(b"no profile"), zlib.compress(PROFILE)[:-20], zlib.compress(bytes(5 << 20))],
)
def test_a_profile_that_cannot_be_read_is_dropped(profile: bytes) -> None:
    assert removed_from(chunk(b"iCCP", b"name\0\0" + profile)) == ("other",)


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
        (with_chunks(PLAIN, b"\xff\xff\xff\xfftEXt"), "the PNG ends too early"),
        (PLAIN[:33] + PLAIN[-12:], "a PNG without a picture"),
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
