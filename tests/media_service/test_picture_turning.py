"""A picture that is turned keeps its colours, its depth, and nearly all of what compression left of it."""

import io
import secrets
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from math import log10

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFile, ImageOps, ImageStat

from media_service.domain.files import Picture
from media_service.pictures import Pictures
from tests.media_service.cleaning.pictures import (
    ORIENTATION,
    animation,
    chunk,
    encoded,
    exif_of_orientation,
    painted,
    with_chunks,
)
from tests.media_service.cleaning.profiles import PROFILE, profile_of, reduced, tags_of

Take = Callable[[bytes], Awaitable[Picture]]
ORIENTED = b"Exif\0\0" + exif_of_orientation(6)


@pytest.fixture(scope="module")
def take() -> Iterator[Take]:
    pictures = Pictures(pixels_max=20_000_000, picture_s_max=60)
    yield lambda data: pictures.take("a picture", lambda: data)
    pictures.close()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def upright(data: bytes) -> Image.Image:
    return ImageOps.exif_transpose(opened(data))


def decibels(one: Image.Image, other: Image.Image) -> float:
    """How alike both are: at 40 dB one sees hardly a difference, at 50 none."""
    assert (one.size, one.mode) == (other.size, other.mode)
    squares = ImageStat.Stat(ImageChops.difference(one, other)).sum2
    error = sum(squares) / (len(squares) * one.width * one.height)
    return 10 * log10(255**2 / error) if error else 99


def photograph(size: tuple[int, int] = (320, 240)) -> Image.Image:
    base = Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 60)
    soft = Image.effect_noise(size, 60).resize((40, 30)).resize(size)
    return Image.merge("RGB", [ImageChops.add(base, soft), base, ImageOps.invert(soft)])


# JPEG


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("subsampling, alike", [(0, 50), (2, 43)])
async def test_a_turned_jpeg_is_rounded_as_before(take: Take, orientation: int, subsampling: int, alike: float) -> None:
    """Tables that are not turned with it cost ten decibels."""
    rows_matter = [[min(255, 2 + 3 * (at // 8) + at % 8) for at in range(64)]] * 2
    exif = b"Exif\0\0" + exif_of_orientation(orientation)
    jpeg = encoded(photograph(), "JPEG", qtables=rows_matter, subsampling=subsampling, exif=exif)
    picture = await take(jpeg)
    assert decibels(opened(picture.data), upright(jpeg)) > alike
    assert len(picture.data) < 1.05 * len(jpeg)


async def test_columns_that_share_colours_become_rows_that_have_their_own(take: Take) -> None:
    jpeg = encoded(photograph(), "JPEG", quality=90, subsampling=1, exif=ORIENTED)
    assert decibels(opened((await take(jpeg)).data), upright(jpeg)) > 42


async def test_a_jpeg_of_red_green_and_blue_stays_one(take: Take) -> None:
    jpeg = encoded(photograph(), "JPEG", quality=90, keep_rgb=True, exif=ORIENTED)
    picture = await take(jpeg)
    assert decibels(opened(picture.data), upright(jpeg)) > 50
    assert [component[0] for component in opened(picture.data).layer] == [*b"RGB"]  # type: ignore[attr-defined]


async def test_a_progressive_jpeg_of_nothing_but_noise_has_room(take: Take) -> None:
    """It takes more bytes than Pillow expects, and that is not the fault of who sent it."""
    noise = Image.merge("RGB", [Image.effect_noise((1200, 900), 200) for _ in range(3)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageFile, "MAXBLOCK", 1 << 23)
        jpeg = encoded(noise, "JPEG", quality=100, progressive=True, subsampling=0, exif=ORIENTED)
    assert len(jpeg) > 2 * 1200 * 900  # the room that Pillow makes
    picture = await take(jpeg)
    assert (picture.width, picture.height) == (900, 1200)
    assert decibels(opened(picture.data), upright(jpeg)) > 50


# PNG


def deep(colour: int, channels: int, extra: bytes = b"") -> bytes:
    """Of 16 bits a channel, 5 by 4 pixels of chance."""
    rows = b"".join(b"\0" + secrets.token_bytes(5 * channels * 2) for _ in range(4))
    header = struct.pack(">IIBBBBB", 5, 4, 16, colour, 0, 0, 0)
    oriented = chunk(b"eXIf", exif_of_orientation(6))
    parts = (chunk(b"IHDR", header), oriented, extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pixels_of(png: bytes) -> NDArray[np.uint16]:
    """As they are stored, of all 16 bits."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    assert pixels is not None
    assert pixels.dtype == np.uint16
    return pixels  # type: ignore[return-value]


@pytest.mark.parametrize("colour, channels", [(0, 1), (2, 3), (6, 4)])
async def test_16_bits_stay_16_bits(take: Take, colour: int, channels: int) -> None:
    png = deep(colour, channels)
    picture = await take(png)
    assert (picture.width, picture.height) == (4, 5)
    assert np.array_equal(pixels_of(picture.data), np.rot90(pixels_of(png), -1))


async def test_16_bits_of_grey_with_alpha_stay_so(take: Take) -> None:
    """OpenCV makes four channels of both."""
    png = deep(4, 2)
    picture = await take(png)
    assert picture.data[24:26] == b"\x10\x04"
    assert np.array_equal(pixels_of(picture.data), np.rot90(pixels_of(png), -1))


COLOURS = {
    b"cICP": b"\x09\x10\0\1",
    b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
    b"gAMA": b"\0\1\x86\xa0",
    b"sRGB": b"\1",
    b"sBIT": b"\5\6\5",
    b"bKGD": b"\0\1\0\2\0\3",
    b"tRNS": b"\0\x10\0\x20\0\x30",
}


@pytest.mark.parametrize("depth", [8, 16])
async def test_what_decides_colours_survives_a_turn(take: Take, depth: int) -> None:
    told = b"".join(chunk(name, payload) for name, payload in COLOURS.items())
    physical = chunk(b"pHYs", b"\0\0\0\1\0\0\0\2\0")
    plain = encoded(painted(), "PNG", exif=exif_of_orientation(6))
    png = deep(2, 3, told + physical) if depth == 16 else with_chunks(plain, told, physical)
    kept = (await take(png)).data
    for name, payload in COLOURS.items():
        assert chunk(name, payload) in kept
    assert chunk(b"pHYs", b"\0\0\0\2\0\0\0\1\0") in kept


@pytest.mark.parametrize("depth, transparent", [(1, 1), (2, 2), (4, 9), (8, 44)])
async def test_a_transparent_grey_stays_transparent(take: Take, depth: int, transparent: int) -> None:
    """Of few bits: it is told in as many as the picture has."""
    header = struct.pack(">IIBBBBB", 8, 2, depth, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(range(40, 40 + depth)) for _ in range(2))
    grey = chunk(b"tRNS", transparent.to_bytes(2, "big"))
    parts = (chunk(b"IHDR", header), chunk(b"eXIf", exif_of_orientation(8)), grey, chunk(b"IDAT", zlib.compress(rows)))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND")
    grey_pixels = upright(png).convert("L").tobytes()
    expected = [0 if value == transparent * 255 // (2**depth - 1) else 255 for value in grey_pixels]
    kept = opened((await take(png)).data).convert("RGBA")
    assert kept.convert("L").tobytes() == grey_pixels
    assert [*kept.getchannel("A").tobytes()] == expected
    assert 0 in expected


async def test_a_colour_profile_survives_a_turn(take: Take) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        picture = await take(encoded(painted(), kind, icc_profile=PROFILE, exif=ORIENTED))
        assert opened(picture.data).info["icc_profile"] == PROFILE
        assert picture.removed == ()


@pytest.mark.parametrize("orientation", [1, 6])
async def test_the_colour_profile_of_a_printer_survives_in_a_png(take: Take, orientation: int) -> None:
    """Its table has more bytes than Pillow reads by itself."""
    profile = reduced(profile_of({**tags_of(PROFILE), b"A2B0": secrets.token_bytes(3_000_000)}))
    png = encoded(painted(), "PNG", icc_profile=profile, exif=exif_of_orientation(orientation))
    assert opened((await take(png)).data).info["icc_profile"] == profile


async def test_a_gamma_is_seen_in_the_thumbnail(take: Take) -> None:
    """The value 55 with a gamma of 1 is as bright as 128 on a screen."""
    png = with_chunks(encoded(Image.new("RGB", (100, 100), (55, 55, 55)), "PNG"), chunk(b"gAMA", b"\0\1\x86\xa0"))
    shown = opened((await take(png)).thumbnails[320]).convert("RGB").getpixel((50, 50))
    assert isinstance(shown, tuple)
    assert abs(shown[0] - 127) <= 2


# WebP, and animations


async def test_a_lossless_webp_stays_lossless_and_a_lossy_one_is_no_larger_for_it(take: Take) -> None:
    lossless = encoded(photograph(), "WEBP", lossless=True, exif=ORIENTED)
    assert opened((await take(lossless)).data).tobytes() == upright(lossless).tobytes()
    lossy = encoded(photograph(), "WEBP", quality=80, exif=ORIENTED)
    kept = (await take(lossy)).data
    assert decibels(opened(kept), upright(lossy)) > 38
    assert len(kept) < len(encoded(photograph(), "WEBP", lossless=True))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [3, 6])
async def test_an_animation_keeps_its_orientation_and_is_told_as_it_is_shown(
    take: Take, kind: str, orientation: int
) -> None:
    data = animation(kind, "RGB", exif=exif_of_orientation(orientation))
    picture = await take(data)
    assert opened(picture.data).getexif() == {ORIENTATION: orientation}
    assert picture.removed == ()
    first = upright(picture.data)
    assert (picture.width, picture.height) == first.size
    small = opened(picture.thumbnails[320])
    assert small.size == first.size
    assert small.convert("RGB").tobytes() == first.convert("RGB").tobytes()  # small enough to be lossless
