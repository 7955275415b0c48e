"""HEIC, AVIF and BMP become what every browser shows: upright, in their colours, and told of nothing else."""

import io
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest
from PIL import Image, ImageOps, features

from media_service.domain.cleaning import Format, clean
from media_service.domain.files import Picture
from media_service.domain.refusals import BrokenPicture, NotAPicture, PictureTooLarge
from media_service.pictures import Pictures
from tests.media_service.cleaning.pictures import (
    XMP,
    encoded,
    exif_of_a_phone,
    exif_of_orientation,
    painted,
    told_by_pillow,
)
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, PROFILE
from tests.media_service.heic_pictures import TURNED, WITH_ALPHA

Take = Callable[[bytes], Awaitable[Picture]]
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 40)
needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


@pytest.fixture
def take() -> Iterator[Take]:
    pictures = Pictures(pixels_max=64 * 48, picture_s_max=20)
    yield lambda data: pictures.take("a picture", lambda: data)
    pictures.close()


def quarters(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (64, 48))
    for number, colour in enumerate((RED, GREEN, BLUE, YELLOW)):
        image.paste(colour, (number % 2 * 32, number // 2 * 24, 64, 48))
    return image.convert(mode)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours near the corners: upper left and right, lower left and right."""
    width, height = image.size
    pixels = [image.getpixel((x, y)) for y in (8, height - 8) for x in (8, width - 8)]
    return [pixel for pixel in pixels if isinstance(pixel, tuple)]


def are_close(found: list[tuple[int, ...]], expected: list[tuple[int, ...]]) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(abs(a - b) <= 16 for one, other in pairs for a, b in zip(one, other, strict=True))


async def test_a_heic_is_turned_once_and_told_of_nothing(take: Take) -> None:
    picture = await take(TURNED)
    assert (picture.content_type, picture.width, picture.height) == ("image/jpeg", 48, 64)
    assert picture.removed == ("gps", "camera", "software", "xmp")
    assert are_close(corners(opened(picture.data)), [BLUE, RED, YELLOW, GREEN])
    assert are_close(corners(opened(picture.thumbnails[320]).convert("RGB")), [BLUE, RED, YELLOW, GREEN])
    assert not told_by_pillow(picture.data)
    assert clean(picture.data, Format.JPEG).data == picture.data


async def test_a_heic_keeps_its_transparency(take: Take) -> None:
    picture = await take(WITH_ALPHA)
    image = opened(picture.data).convert("RGBA")
    assert (picture.content_type, picture.removed) == ("image/webp", ())
    assert image.getpixel((4, 40))[3] == 0  # type: ignore[index]
    assert image.getpixel((40, 40))[3] == 255  # type: ignore[index]


@needs_avif
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_an_avif_is_turned_once(take: Take, orientation: int) -> None:
    data = encoded(quarters(), "AVIF", quality=90, exif=exif_of_orientation(orientation))
    picture = await take(data)
    expected = ImageOps.exif_transpose(opened(data))
    assert (picture.content_type, (picture.width, picture.height)) == ("image/jpeg", expected.size)
    assert are_close(corners(opened(picture.data)), corners(expected))
    assert picture.removed == ()


@needs_avif
async def test_what_an_avif_tells_is_named_and_gone(take: Take) -> None:
    data = encoded(quarters(), "AVIF", exif=exif_of_a_phone(1), xmp=XMP, icc_profile=FOREIGN_PROFILE)
    picture = await take(data)
    assert {"gps", "camera", "author", "xmp", "profile_details"} <= set(picture.removed)
    assert not told_by_pillow(picture.data)
    assert opened(picture.data).info["icc_profile"] == PROFILE


@needs_avif
async def test_an_avif_keeps_its_transparency_and_of_an_animation_the_first_picture(take: Take) -> None:
    image = quarters("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    picture = await take(encoded(image, "AVIF", save_all=True, append_images=[quarters("RGBA")]))
    kept = opened(picture.data)
    assert (picture.content_type, getattr(kept, "n_frames", 1)) == ("image/webp", 1)
    assert kept.convert("RGBA").getpixel((4, 40))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
async def test_a_bmp_becomes_a_png_of_the_same_pixels(take: Take, mode: str) -> None:
    image = painted(mode)
    picture = await take(encoded(image, "BMP"))
    assert picture.content_type == "image/png"
    assert opened(picture.data).convert("RGB").tobytes() == opened(encoded(image, "BMP")).convert("RGB").tobytes()


@needs_avif
async def test_an_avif_is_not_turned_as_its_xmp_says(take: Take) -> None:
    """Browsers turn it as the file itself says (irot, imir)."""
    xmp = XMP.replace(b"exif:GPS", b'tiff:Orientation="6" exif:GPS')
    data = encoded(quarters(), "AVIF", quality=90, xmp=xmp)
    assert opened(data).getexif()[0x0112] == 6  # as Pillow has it
    assert are_close(corners(opened((await take(data)).data)), [RED, GREEN, BLUE, YELLOW])


MASKS = {
    "444": (16, (0xF00, 0xF0, 0xF, 0)),
    "4444": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "1555": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "8888": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
    "1010102": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
}


def with_masks(bits: int, masks: tuple[int, ...], pixels: list[tuple[int, ...]], *, header_bytes: int) -> bytes:
    """A BMP of one row, its channels (red to alpha, 0 or 255) where the masks are."""
    values = [sum(mask for mask, value in zip(masks, pixel, strict=True) if value) for pixel in pixels]
    row = b"".join(value.to_bytes(bits // 8, "little") for value in values)
    row += bytes(-len(row) % 4)
    size = struct.pack("<IiiHHI", header_bytes, len(pixels), 1, 1, bits, 3)
    header = (size.ljust(40, b"\0") + struct.pack("<IIII", *masks)[: 12 if header_bytes == 40 else 16]).ljust(
        header_bytes, b"\0"
    )
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(header)) + header + row


@pytest.mark.parametrize("kind", MASKS)
async def test_a_bmp_has_its_colours_behind_any_masks(take: Take, kind: str) -> None:
    bits, masks = MASKS[kind]
    seen: list[tuple[int, ...]] = [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 0), (255, 255, 255, 255)]
    if not masks[3]:
        seen = [(*pixel[:3], 0) for pixel in seen]
    for header_bytes in (40, 56, 124):
        has_alpha = header_bytes > 40 and masks[3] > 0
        data = with_masks(bits, masks if has_alpha else (*masks[:3], 0), seen, header_bytes=header_bytes)
        image = opened((await take(data)).data)
        expected = seen if has_alpha else [(*pixel[:3], 255) for pixel in seen]
        assert [image.convert("RGBA").getpixel((x, 0)) for x in range(len(seen))] == expected


async def test_a_bmp_may_name_more_colours_than_it_can_show(take: Take) -> None:
    bmp = encoded(painted("P"), "BMP")
    more = bmp[:46] + struct.pack("<I", 300) + bmp[50:]
    kept, expected = [opened((await take(one)).data).convert("RGB") for one in (more, bmp)]
    assert kept.tobytes() == expected.tobytes()


@pytest.mark.parametrize("bits, coding", [(2, 0), (0, 5), (24, 4)])
async def test_a_bmp_that_is_not_read_is_not_called_damaged(take: Take, bits: int, coding: int) -> None:
    bmp = encoded(painted("RGB"), "BMP")
    with pytest.raises(BrokenPicture, match=f"a BMP of {bits} bits a pixel, coded in the way {coding}, is not read"):
        await take(bmp[:28] + struct.pack("<HI", bits, coding) + bmp[34:])


@pytest.mark.parametrize("length", [*range(14, 60, 5), -1])
async def test_a_bmp_that_is_cut_off_is_broken(take: Take, length: int) -> None:
    bmp = with_masks(*MASKS["4444"], [(255, 0, 0, 255)] * 4, header_bytes=124)
    with pytest.raises((BrokenPicture, NotAPicture)):
        await take(bmp[:length])


@needs_avif
@pytest.mark.parametrize("mode,kept_as", [("RGBA", "image/png"), ("RGB", "image/jpeg")])
async def test_what_is_too_long_for_a_webp_becomes_a_png(mode: str, kept_as: str) -> None:
    image = Image.new(mode, (16_400, 4), (220, 30, 30, 100)[: len(mode)])
    pictures = Pictures(pixels_max=1 << 20, picture_s_max=20)
    data = encoded(image, "AVIF")
    picture = await pictures.take("a panorama", lambda: data)
    pictures.close()
    assert (picture.content_type, picture.width, picture.height) == (kept_as, 16_400, 4)
    assert opened(picture.data).mode == mode


@pytest.mark.parametrize("width,height", [(0, 4), (4, 0)])
async def test_a_bmp_without_pixels_is_broken(take: Take, width: int, height: int) -> None:
    bmp = with_masks(*MASKS["4444"], [(255, 0, 0, 255)] * 4, header_bytes=124)
    with pytest.raises(BrokenPicture):
        await take(bmp[:18] + struct.pack("<ii", width, height) + bmp[26:])


@pytest.mark.parametrize("kind", ["HEIC", "AVIF", "BMP"])
async def test_a_size_is_checked_before_anything_is_decoded(kind: str) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    data = TURNED if kind == "HEIC" else encoded(quarters(), kind)
    pictures = Pictures(pixels_max=64 * 48 - 1, picture_s_max=20)
    with pytest.raises(PictureTooLarge, match=r"(64 x 48|48 x 64) pixels; 3,071 are the most"):
        await pictures.take("a picture", lambda: data)
    pictures.close()


@pytest.mark.parametrize("data", [TURNED[:500], TURNED[:40], TURNED.replace(b"hvcC", b"free")])
async def test_a_heic_that_cannot_be_read_is_broken(take: Take, data: bytes) -> None:
    with pytest.raises(BrokenPicture):
        await take(data)


@pytest.mark.parametrize(
    "data, name",
    [(encoded(painted(), "TIFF"), "TIFF"), (encoded(painted(), "JPEG2000"), "JPEG 2000"), (b"8BPS\0\1", "Photoshop")],
)
async def test_what_is_never_kept_is_refused_by_the_name_of_its_kind(take: Take, data: bytes, name: str) -> None:
    with pytest.raises(NotAPicture, match=name):
        await take(data)


def test_the_reader_of_heic_comes_with_the_first_of_them() -> None:
    """As Pillow with the first picture: most services never see one."""
    program = (
        "import sys; from media_service import app; print('PIL' in sys.modules, end=' ');"
        "from media_service import picture_rendering; print('pi_heif' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]


@needs_avif
@pytest.mark.parametrize("kind, shared", [("4:4:4", (1, 1)), ("4:2:2", (1, 1)), ("4:2:0", (2, 2))])
async def test_pixels_keep_a_colour_of_their_own(take: Take, kind: str, shared: tuple[int, int]) -> None:
    """Of an AVIF: in 4:2:0 four pixels share one, and the others are taken as they are."""
    jpeg = opened((await take(encoded(quarters(), "AVIF", subsampling=kind))).data)
    assert jpeg.layer[0][1:3] == shared  # type: ignore[attr-defined]


@pytest.mark.parametrize("chroma, shared", [(1, (2, 2)), (2, (1, 1)), (3, (1, 1))])
async def test_pixels_of_a_heic_do_too(take: Take, chroma: int, shared: tuple[int, int]) -> None:
    """Told in its box, where nothing here can encode another one; its decoder looks elsewhere."""
    at = TURNED.index(b"hvcC") + 4 + 16
    jpeg = opened((await take(TURNED[:at] + bytes([0xFC | chroma]) + TURNED[at + 1 :])).data)
    assert jpeg.layer[0][1:3] == shared  # type: ignore[attr-defined]
