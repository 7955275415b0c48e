"""WebP: what the flags announce and a decoder paints stays, in its order; all other chunks go."""

import pytest

from media_service.domain.cleaning import Broken, Format, clean
from media_service.domain.cleaning.cleaned import PARTS_MAX
from tests.media_service.cleaning.pictures import (
    ORIENTATION,
    PHONE_NAMES,
    TRANSPARENCY,
    XMP,
    XMP_NAMES,
    animation,
    encoded,
    exif_of_a_phone,
    painted,
    riff,
    riff_chunk,
    told_by_pillow,
)
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, PROFILE

LOSSY = encoded(painted(), "WEBP")[12:]
LOSSLESS = encoded(painted("RGBA"), "WEBP", lossless=True)[12:]
WITH_ALPHA = encoded(painted("RGBA"), "WEBP")
ALPHA_AND_LOSSY = WITH_ALPHA[30:]
MOVING = animation("WEBP", "RGBA")
PROFILE_CHUNK = riff_chunk(b"ICCP", PROFILE)
SIZE = b"\x2f\0\0\x1f\0\0"  # 48 by 32
LOOPS = riff_chunk(b"ANIM", bytes(4) + b"\3\0")
EXIF, PACKET = riff_chunk(b"EXIF", exif_of_a_phone()), riff_chunk(b"XMP ", XMP)


def canvas(flags: int, size: bytes = SIZE, reserved: bytes = b"\0\0\0") -> bytes:
    return riff_chunk(b"VP8X", bytes((flags,)) + reserved + size)


def frame(image: bytes, *, size: bytes = SIZE, place: bytes = bytes(6)) -> bytes:
    return riff_chunk(b"ANMF", place + size + b"\x64\0\0\0" + image)


def reason_of(data: bytes) -> str:
    with pytest.raises(Broken) as refused:
        clean(data, Format.WEBP)
    return refused.value.reason


@pytest.mark.parametrize(
    "data",
    [
        riff(LOSSY),
        riff(LOSSLESS),
        WITH_ALPHA,
        MOVING,
        riff(canvas(0x20), PROFILE_CHUNK, LOSSY),
        riff(canvas(0x02), LOOPS, frame(LOSSY), frame(LOSSLESS), frame(ALPHA_AND_LOSSY)),
    ],
)
def test_a_clean_picture_stays_as_it_is(data: bytes) -> None:
    cleaned = clean(data, Format.WEBP)
    assert (cleaned.data, cleaned.removed) == (data, ())
    assert (cleaned.width, cleaned.height, cleaned.scans) == (48, 32, 1)
    assert cleaned.pixels <= 48 * 32 * cleaned.frames


def test_frames_and_their_own_areas_are_counted() -> None:
    small = encoded(painted(size=(30, 20)), "WEBP")[12:]
    inner = frame(small, size=b"\x1d\0\0\x13\0\0", place=b"\1\0\0\1\0\0")
    cleaned = clean(riff(canvas(0x02), LOOPS, frame(LOSSY), inner), Format.WEBP)
    assert (cleaned.frames, cleaned.pixels) == (2, 48 * 32 + 30 * 20)


@pytest.mark.parametrize(
    "chunk, names", [(EXIF, PHONE_NAMES), (PACKET, XMP_NAMES), (riff_chunk(b"ABCD", b"odd"), ("other",))]
)
def test_what_is_not_needed_goes_by_its_name_and_its_flag_with_it(chunk: bytes, names: tuple[str, ...]) -> None:
    still = clean(riff(canvas(0x0C), LOSSY, chunk), Format.WEBP)
    assert (still.data, still.removed) == (riff(canvas(0), LOSSY), names)
    moving = clean(riff(canvas(0x0E), LOOPS, frame(LOSSY + chunk), chunk), Format.WEBP)
    assert (moving.data, moving.removed) == (riff(canvas(0x02), LOOPS, frame(LOSSY)), names)
    simple = clean(riff(LOSSLESS, chunk), Format.WEBP)
    assert (simple.data, simple.removed) == (riff(LOSSLESS), names)


@pytest.mark.parametrize(
    "before, behind",
    [
        ((canvas(0x20), LOSSY), (canvas(0), LOSSY)),  # a profile announced that is not there
        ((canvas(0), PROFILE_CHUNK, LOSSY), (canvas(0), LOSSY)),  # and one there that is not announced
        ((canvas(0x20), PROFILE_CHUNK, PROFILE_CHUNK, LOSSY), (canvas(0x20), PROFILE_CHUNK, LOSSY)),
        ((canvas(0x20), LOSSY, PROFILE_CHUNK), (canvas(0x20), PROFILE_CHUNK, LOSSY)),
        ((canvas(0), LOOPS, LOSSY, frame(LOSSLESS)), (canvas(0), LOSSY)),
        ((canvas(0x02), LOOPS, LOOPS, LOSSY, frame(LOSSY)), (canvas(0x02), LOOPS, frame(LOSSY))),
        ((LOSSY, LOSSLESS), (LOSSY,)),
        ((canvas(0x10), riff_chunk(TRANSPARENCY, b"12"), LOSSLESS), (canvas(0x10), LOSSLESS)),
        ((canvas(0x10), LOSSY, riff_chunk(TRANSPARENCY, b"12")), (canvas(0x10), LOSSY)),
        ((canvas(0xC1, reserved=b"abc"), LOSSY), (canvas(0), LOSSY)),
        ((riff_chunk(b"VP8X", b"\0\0\0\0" + SIZE + b"secret"), LOSSY), (canvas(0), LOSSY)),
        ((canvas(2), riff_chunk(b"ANIM", bytes(4) + b"\3\0more"), frame(LOSSY)), (canvas(2), LOOPS, frame(LOSSY))),
    ],
)
def test_what_is_not_shown_goes(before: tuple[bytes, ...], behind: tuple[bytes, ...]) -> None:
    assert clean(riff(*before), Format.WEBP).data == riff(*behind)


def test_a_missing_padding_is_added() -> None:
    odd = riff_chunk(b"VP8 ", LOSSY[8:] + b"\0")
    assert clean(riff(odd[:-1]), Format.WEBP).data == riff(odd)
    cleaned = clean(riff(odd[:-1], EXIF), Format.WEBP)  # and what follows begins where it should stand
    assert (cleaned.data, cleaned.removed) == (riff(odd), PHONE_NAMES)


@pytest.mark.parametrize("told", [0, 4, 20, 1000, len(LOSSY) + 3, len(LOSSY) + 40, 2**32 - 1])
def test_a_wrong_length_is_put_right(told: int) -> None:
    data = riff(LOSSY)
    cleaned = clean(data[:4] + told.to_bytes(4, "little") + data[8:], Format.WEBP)
    assert (cleaned.data, cleaned.removed) == (data, ())


def test_metadata_that_is_cut_off_goes_by_its_name() -> None:
    cleaned = clean(riff(canvas(0x04), LOSSY, PACKET)[:-20], Format.WEBP)
    assert (cleaned.data, cleaned.ends_early) == (riff(canvas(0), LOSSY), True)
    assert "xmp" in cleaned.removed


def test_whole_frames_stay_where_the_last_one_is_cut_off() -> None:
    cleaned = clean(riff(canvas(2), LOOPS, frame(LOSSY), frame(LOSSLESS))[:-9], Format.WEBP)
    assert (cleaned.data, cleaned.frames) == (riff(canvas(2), LOOPS, frame(LOSSY)), 1)


def test_an_animation_keeps_its_orientation_and_nothing_else_of_its_exif() -> None:
    cleaned = clean(riff(canvas(0x0A), LOOPS, frame(LOSSY), frame(LOSSY), EXIF), Format.WEBP)
    assert (cleaned.orientation, cleaned.removed) == (6, PHONE_NAMES)
    assert told_by_pillow(cleaned.data) == {"exif", f"exif {ORIENTATION}"}


def test_a_profile_tells_nothing_but_colours() -> None:
    told = riff(canvas(0x20), riff_chunk(b"ICCP", FOREIGN_PROFILE), LOSSY)
    cleaned = clean(told, Format.WEBP)
    assert (cleaned.data, cleaned.removed) == (riff(canvas(0x20), PROFILE_CHUNK, LOSSY), ("profile_details",))
    unreadable = clean(riff(canvas(0x20), riff_chunk(b"ICCP", b"none"), LOSSY), Format.WEBP)
    assert (unreadable.data, unreadable.removed) == (riff(canvas(0), LOSSY), ("other",))


HEADER = LOSSY[8:18]


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"RIFF\4\0\0\0WAVE", "not a WebP"),
        (riff(), "a WebP without a picture"),
        (riff(LOSSY)[:-3], "the WebP ends too early"),
        (riff(canvas(2), LOOPS, frame(LOSSY))[:-3], "the WebP ends too early"),
        (riff(canvas(0)), "a WebP without a picture"),
        (riff(riff_chunk(b"VP8X", bytes(9)), LOSSY), "a malformed canvas"),
        (riff(canvas(0, size=bytes(6)), LOSSY), "a picture of another size than its canvas"),
        (riff(canvas(2), frame(LOSSY)), "a malformed animation"),
        (riff(canvas(2), riff_chunk(b"ANIM", bytes(5)), frame(LOSSY)), "a malformed animation"),
        (riff(canvas(2), LOOPS), "an animation without frames"),
        (riff(canvas(2), LOOPS, riff_chunk(b"ANMF", bytes(15))), "a malformed frame"),
        (riff(canvas(2), LOOPS, frame(b"")), "a WebP without a picture"),
        (riff(canvas(2), LOOPS, frame(LOSSY, size=bytes(6))), "a frame of another size than its picture"),
        (riff(canvas(2), LOOPS, frame(LOSSY, place=b"\1" + bytes(5))), "a frame outside of its canvas"),
        (riff(canvas(2), LOOPS, frame(LOSSY, place=b"\0\0\0\1\0\0")), "a frame outside of its canvas"),
        (riff(riff_chunk(b"VP8 ", HEADER[:9])), "a malformed picture header"),
        (riff(riff_chunk(b"VP8 ", b"\1" + HEADER[1:])), "a malformed picture header"),
        (riff(riff_chunk(b"VP8 ", HEADER[:3] + b"???" + HEADER[6:])), "a malformed picture header"),
        (riff(riff_chunk(b"VP8 ", HEADER[:6] + b"\0\0" + HEADER[8:])), "a malformed picture header"),
        (riff(riff_chunk(b"VP8 ", HEADER[:8] + b"\0\0")), "a malformed picture header"),
        (riff(riff_chunk(b"VP8L", b"\x2f\0\0\0")), "a malformed picture header"),
        (riff(riff_chunk(b"VP8L", b"\x2e\0\0\0\0")), "a malformed picture header"),
    ],
)
def test_what_is_malformed_is_broken(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason


def test_as_many_chunks_as_allowed_are_read_and_one_more_is_not() -> None:
    most = LOSSY + riff_chunk(b"ABCD") * (PARTS_MAX - 1)
    assert clean(riff(most), Format.WEBP).data == riff(LOSSY)
    assert reason_of(riff(most, riff_chunk(b"ABCD"))) == f"over {PARTS_MAX} parts"
    assert reason_of(riff(canvas(2), LOOPS, frame(most + riff_chunk(b"ABCD")))) == f"over {PARTS_MAX} parts"
