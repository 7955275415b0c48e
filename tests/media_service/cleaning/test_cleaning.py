"""Cleaning, of every format: what one sees stays to the last bit, all else goes, and no bytes crash it."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from media_service.domain.cleaning import CONVERTED, REMOVABLE, Broken, Cleaned, Format, clean, leftovers, recognize
from tests.media_service.cleaning.pictures import (
    PHONE_NAMES,
    PICTURES,
    TRANSPARENCY,
    chunk,
    decoded,
    encoded,
    exif_of_a_phone,
    exif_of_orientation,
    is_broken,
    painted,
    riff,
    riff_chunk,
    segment,
    sub_blocks,
    told_by_pillow,
    told_of_animations_by_pillow,
)

each_picture = pytest.mark.parametrize("data, kind", [pytest.param(*rest, id=name) for name, *rest in PICTURES])
CLEANED = [kind for kind in Format if kind not in CONVERTED]
each_format = pytest.mark.parametrize("kind", CLEANED)

WITH_EXIF = {Format.JPEG: "JPEG", Format.PNG: "PNG", Format.WEBP: "WEBP"}
each_format_with_exif = pytest.mark.parametrize("kind", WITH_EXIF)


@each_picture
def test_a_picture_looks_the_same_in_all_its_frames(data: bytes, kind: Format) -> None:
    assert decoded(clean(data, kind).data) == decoded(data)


@each_picture
def test_nothing_is_left_to_be_found(data: bytes, kind: Format) -> None:
    cleaned = clean(data, kind)
    assert cleaned.removed == leftovers(data, kind)
    assert leftovers(cleaned.data, kind) == ()
    told = told_of_animations_by_pillow if cleaned.frames > 1 else told_by_pillow
    assert told(cleaned.data) == set()


def test_pillow_finds_in_the_pictures_what_is_to_be_removed() -> None:
    found = {name for _, data, _ in PICTURES for name in told_by_pillow(data)}
    assert {"exif", "xmp", "comment", "photoshop", "text Author", f"exif {0x8825}"} <= found


@each_picture
def test_cleaning_again_changes_nothing(data: bytes, kind: Format) -> None:
    once = clean(data, kind)
    again = clean(once.data, kind)
    assert again.data == once.data
    assert (again.removed, again.orientation) == ((), once.orientation if once.frames > 1 else 1)
    assert (again.width, again.height, again.frames, again.pixels) == (
        once.width,
        once.height,
        once.frames,
        once.pixels,
    )


@each_picture
def test_size_and_frames_are_as_pillow_sees_them(data: bytes, kind: Format) -> None:
    cleaned = clean(data, kind)
    with Image.open(BytesIO(data)) as image:
        assert (cleaned.width, cleaned.height) == image.size
        assert cleaned.frames == getattr(image, "n_frames", 1)
    assert 0 < cleaned.pixels <= cleaned.width * cleaned.height * cleaned.frames


@each_picture
def test_it_is_recognized_by_its_first_bytes(data: bytes, kind: Format) -> None:
    assert recognize(data) is recognize(data[:16]) is kind


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"RIFF", b"RIFF1234WAVE", b"GIF88a", b"BM", b"<svg>", b"\x89PNG"])
def test_anything_else_is_not_recognized_and_none_of_the_formats(data: bytes) -> None:
    assert recognize(data) is None
    assert all(is_broken(data, kind) for kind in CLEANED)


@each_picture
def test_a_picture_is_broken_as_any_other_format(data: bytes, kind: Format) -> None:
    assert all(is_broken(data, other) for other in CLEANED if other is not kind)


@pytest.mark.parametrize("orientation", range(1, 9))
@each_format_with_exif
def test_each_orientation_is_told_and_nothing_is_said_to_be_removed(kind: Format, orientation: int) -> None:
    data = encoded(painted(), WITH_EXIF[kind], exif=b"Exif\0\0" + exif_of_orientation(orientation))
    cleaned = clean(data, kind)
    assert (cleaned.orientation, cleaned.removed) == (orientation, ())
    assert told_by_pillow(cleaned.data) == set()


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
@each_format_with_exif
def test_an_invalid_orientation_is_upright(kind: Format, orientation: int) -> None:
    data = encoded(painted(), WITH_EXIF[kind], exif=b"Exif\0\0" + exif_of_orientation(orientation))
    assert clean(data, kind).orientation == 1


@pytest.mark.parametrize("order", ["<", ">"])
@each_format_with_exif
def test_all_that_a_phone_tells_is_named(kind: Format, order: str) -> None:
    exif = b"Exif\0\0" + exif_of_a_phone(order=order)
    cleaned = clean(encoded(painted(), WITH_EXIF[kind], exif=exif), kind)
    assert (cleaned.removed, cleaned.orientation) == (PHONE_NAMES, 6)


@pytest.mark.parametrize("trailing", [b"\0", b"\n", b"PK\x03\x04 a zip", bytes(100_000)])
@each_picture
def test_what_stands_behind_it_is_cut_off(data: bytes, kind: Format, trailing: bytes) -> None:
    cleaned = clean(data + trailing, kind)
    assert cleaned.data == clean(data, kind).data
    assert "trailing_data" in cleaned.removed


SMALL = {
    Format.JPEG: encoded(painted(size=(16, 16)), "JPEG", comment=b"hello", exif=b"Exif\0\0" + exif_of_orientation(6)),
    Format.PNG: encoded(painted(size=(16, 16)), "PNG", exif=exif_of_orientation(6)),
    Format.GIF: encoded(painted("P", size=(16, 16)), "GIF", comment=b"hello"),
    Format.WEBP: encoded(painted("RGBA", size=(16, 16)), "WEBP", exif=exif_of_orientation(6)),
}
ANIMATED = [(data, kind) for name, data, kind in PICTURES if name in {"PNG apng", "GIF animated", "WEBP animated"}]


@pytest.mark.parametrize("data, kind", [*((data, kind) for kind, data in SMALL.items()), *ANIMATED])
def test_a_picture_cut_off_anywhere_is_broken_or_mended(data: bytes, kind: Format) -> None:
    """And where more than the end of its end is missing, it is said."""
    whole = clean(data, kind)
    for length in range(len(data)):
        try:
            cleaned = clean(data[:length], kind)
        except Broken:
            continue
        check_cleaned(cleaned, kind)
        assert cleaned.data == whole.data or cleaned.ends_early or cleaned.frames < whole.frames


def test_a_refusal_says_why() -> None:
    with pytest.raises(Broken) as refused:
        clean(SMALL[Format.PNG][:30], Format.PNG)
    assert refused.value.reason == str(refused.value) == "the PNG ends too early"


# Whatever the bytes

WRITTEN_BYTES_MAX = 300  # by us: an end, an orientation, and the two texts that a colour profile has to have


def check(data: bytes, kind: Format) -> None:
    """Either it is broken, or it comes out clean."""
    try:
        cleaned = clean(data, kind)
    except Broken:
        return
    check_cleaned(cleaned, kind)
    assert len(cleaned.data) <= len(data) + WRITTEN_BYTES_MAX


def check_cleaned(cleaned: Cleaned, kind: Format) -> None:
    again = clean(cleaned.data, kind)
    assert (again.data, again.removed) == (cleaned.data, ())
    assert list(cleaned.removed) == [name for name in REMOVABLE if name in cleaned.removed]
    assert 1 <= cleaned.orientation <= 8
    assert min(cleaned.width, cleaned.height, cleaned.frames, cleaned.scans) >= 1


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, Format]:
    _, picture, kind = draw(st.sampled_from(PICTURES))
    data = bytearray(picture)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from((0, 0, 1, 1, 2, 4, 100)))
        data[at : at + length] = draw(st.binary(max_size=4) | st.just(bytes(data[at : at + 64])))
    return bytes(data), kind


@settings(max_examples=400)
@given(mutated())
def test_a_mutated_picture_is_cleaned_or_broken(picture: tuple[bytes, Format]) -> None:
    check(*picture)


MAGIC = {Format.JPEG: b"\xff\xd8", Format.PNG: b"\x89PNG\r\n\x1a\n", Format.GIF: b"GIF89a", Format.WEBP: b""}


@each_format
@given(data=st.binary(max_size=300))
def test_any_bytes_are_cleaned_or_broken(kind: Format, data: bytes) -> None:
    check(data, kind)
    check(MAGIC[kind] + data if kind is not Format.WEBP else riff(data), kind)


payloads = st.binary(max_size=40) | st.sampled_from(
    (exif_of_a_phone(), b"Exif\0\0" + exif_of_a_phone(), b"JFIF\0" + bytes(20))
)
markers = st.sampled_from((0xC0, 0xC4, 0xDB, 0xDC, 0xDD, 0xDA, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE)) | st.integers(
    0, 255
)
segments = st.builds(segment, markers, payloads) | st.binary(max_size=3)
names = st.sampled_from(b"PLTE tRNS acTL fcTL fdAT IDAT IEND eXIf tEXt zTXt iTXt tIME gAMA prVt PrVt".split())
chunks = st.builds(chunk, names, payloads)
riff_names = st.sampled_from(
    (b"VP8 ", b"VP8L", b"VP8X", TRANSPARENCY, b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"ABCD")
)
riff_chunks = st.builds(riff_chunk, riff_names, payloads)
extensions = st.builds(
    lambda label, data: bytes((0x21, label)) + sub_blocks(data),
    st.sampled_from((0xF9, 0xFE, 0x01, 0xFF, 0x00)),
    payloads | st.just(b"NETSCAPE2.0"),
)
PARTS = {
    Format.JPEG: (segments, ((2, 2), (20, 20))),
    Format.PNG: (chunks, ((33, 33),)),
    Format.GIF: (extensions, ((-1, -1),)),
}


@pytest.mark.parametrize("kind", PARTS)
@settings(max_examples=200)
@given(data=st.data())
def test_any_parts_within_a_picture_are_cleaned_or_broken(kind: Format, data: st.DataObject) -> None:
    parts, places = PARTS[kind]
    start, end = data.draw(st.sampled_from(places))
    inserted = b"".join(data.draw(st.lists(parts, max_size=5)))
    check(SMALL[kind][:start] + inserted + SMALL[kind][end:], kind)


@settings(max_examples=200)
@given(st.lists(riff_chunks, max_size=4), st.lists(riff_chunks, max_size=4))
def test_any_chunks_around_those_of_a_webp_are_cleaned_or_broken(before: list[bytes], behind: list[bytes]) -> None:
    check(riff(*before, SMALL[Format.WEBP][12:], *behind), Format.WEBP)
