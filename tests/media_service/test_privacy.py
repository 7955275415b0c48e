"""Privacy: what is served of a picture is the picture, upright, in its colours, and nothing else that the file told."""

import io
import re
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageOps

from media_service.domain.cleaning import Format, clean
from tests.media_service.cleaning.pictures import (
    ORIENTATION,
    PICTURES,
    decoded,
    encoded,
    exif_of_orientation,
    painted,
    told_by_pillow,
    told_of_animations_by_pillow,
)
from tests.media_service.cleaning.profiles import PROFILE
from tests.media_service.gallery import Gallery

ORIENTATIONS = range(1, 9)
SECRETS = (b"some text", b"maker", b"hello", b"Ada Low", b"some words", b"GPSLatitude", b"Exif\0", b"<x:xmpmeta")
BLUR_HASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{28}")


# What is made of a picture is made before it is stored; that what was stored comes back is tested on both elsewhere.
pytestmark = pytest.mark.parametrize("galleries_of_module", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def media(common: Gallery) -> Gallery:
    return common


async def served(media: Gallery, path: str) -> bytes:
    answer = await media.get("Ada", path)
    assert answer.status_code == 200, answer.text
    return answer.content


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def greatest_difference(one: Image.Image, other: Image.Image) -> int:
    """Of any channel of any pixel."""
    assert one.size == other.size
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return max(abs(a - b) for a, b in pairs)


def quarters(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Each quarter of another colour: however it is turned, one sees it."""
    image = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for number, colour in enumerate(((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 40))):
        image.paste(colour, (number % 2 * width, number // 2 * height, size[0], size[1]))
    return image


@pytest.mark.parametrize("name, data, kind", PICTURES, ids=[name for name, *_ in PICTURES])
async def test_what_is_served_tells_nothing_but_the_picture(
    media: Gallery, name: str, data: bytes, kind: Format
) -> None:
    (file,) = await media.upload("Ada", data)
    kept = await served(media, file["url"])
    assert not (told_of_animations_by_pillow if "animated" in name or "apng" in name else told_by_pillow)(kept)
    assert clean(kept, kind).removed == ()
    for secret in SECRETS:
        assert secret not in kept
    assert opened(kept).info.get("icc_profile") == opened(data).info.get("icc_profile")
    assert shown_size(kept) == (file["width"], file["height"])
    assert len(kept) == file["size"]
    assert BLUR_HASH.fullmatch(file["placeholder"])
    for size in (320, 1024):
        small = opened(await served(media, f"{file['thumbnail_url']}?size={size}"))
        assert small.format == "WEBP"
        assert small.info.keys() <= {"loop", "background", "timestamp", "duration"}
        assert small.size == (file["width"], file["height"])  # never enlarged
    if "profile" not in name and not clean(data, kind).removed:
        assert file["removed"] == []


def shown_size(data: bytes) -> tuple[int, int]:
    """Of an animation, which is not turned but says how to."""
    image = opened(data)
    return image.size[::-1] if image.getexif().get(ORIENTATION, 1) >= 5 else image.size


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "progressive", "grayscale"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
async def test_a_picture_stands_upright_whatever_way_the_camera_was_held(
    media: Gallery, kind: str, orientation: int
) -> None:
    options: dict[str, Any] = {"progressive": True} if kind == "progressive" else {}
    if kind == "WEBP":
        options = {"lossless": True}
    real_kind = kind if kind in {"PNG", "WEBP"} else "JPEG"
    image = quarters().convert("L" if kind == "grayscale" else "RGB")
    held = encoded(image, real_kind, exif=exif_of_orientation(orientation), **options)
    reference = ImageOps.exif_transpose(opened(held))
    (file,) = await media.upload("Ada", held)
    kept = opened(await served(media, file["url"]))
    assert (file["width"], file["height"]) == kept.size == reference.size
    assert greatest_difference(kept, reference) <= (8 if real_kind == "JPEG" else 0)
    assert kept.mode == reference.mode
    assert 0x0112 not in kept.getexif()
    small = opened(await served(media, file["thumbnail_url"]))
    assert greatest_difference(small.reduce(8), reference.reduce(8)) < 40


async def test_an_upright_jpeg_is_not_compressed_again(media: Gallery) -> None:
    for options in ({}, {"progressive": True}, {"restart_marker_blocks": 2}):
        jpeg = encoded(
            painted(size=(200, 120)), "JPEG", exif=exif_of_orientation(1), comment=b"hello", quality=83, **options
        )
        kept = await served(media, await media.keep("Ada", jpeg))
        assert decoded(kept) == decoded(jpeg)
        scan = jpeg[jpeg.index(b"\xff\xda") :]
        assert kept.endswith(scan)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("mode", ["CMYK", "L", "I;16", "P", "1", "RGBA", "LA"])
async def test_any_kind_of_pixels_is_kept_as_it_is(media: Gallery, mode: str, orientation: int) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    data = encoded(painted(mode), kind, exif=exif_of_orientation(orientation))
    reference = ImageOps.exif_transpose(opened(data))
    (file,) = await media.upload("Ada", data)
    kept = opened(await served(media, file["url"]))
    assert (kept.mode, kept.size) == (reference.mode, reference.size)
    if mode == "CMYK":
        assert greatest_difference(kept, reference) <= 12
    else:
        assert kept.convert("RGBA").tobytes() == reference.convert("RGBA").tobytes()


async def test_16_bits_become_the_same_picture_in_8(media: Gallery) -> None:
    image = Image.linear_gradient("L").resize((64, 64))
    deep = Image.frombytes("I;16", image.size, b"".join(bytes((value, value)) for value in image.tobytes()))
    (file,) = await media.upload("Ada", encoded(deep, "PNG"))
    assert greatest_difference(opened(await served(media, file["thumbnail_url"])), image) <= 8


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (2, 3), (1025, 1), (3000, 1999)])
async def test_thumbnails_have_the_right_size_whatever_the_shape(media: Gallery, size: tuple[int, int]) -> None:
    (file,) = await media.upload("Ada", encoded(Image.new("RGB", size, (200, 40, 40)), "PNG"))
    for side in (320, 1024):
        small = opened(await served(media, f"{file['thumbnail_url']}?size={side}"))
        share = min(1, side / max(size))
        assert small.size == tuple(max(1, round(one * share)) for one in size)
        assert greatest_difference(small, Image.new("RGB", small.size, (200, 40, 40))) <= 8


async def test_alpha_stays_alpha_in_thumbnails(media: Gallery) -> None:
    image = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    image.paste((0, 160, 0, 255), (0, 0, 200, 400))
    (file,) = await media.upload("Ada", encoded(image, "PNG"))
    small = opened(await served(media, file["thumbnail_url"])).convert("RGBA")
    for x, expected in ((20, (0, 160, 0, 255)), (300, (0, 0, 0, 0))):
        pixel = small.getpixel((x, 100))
        assert isinstance(pixel, tuple)
        assert abs(pixel[3] - expected[3]) <= 4
        if expected[3]:
            assert max(abs(a - b) for a, b in zip(pixel, expected, strict=True)) <= 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_the_colours_of_a_thumbnail_are_right_without_the_profile(media: Gallery, kind: str) -> None:
    """In Lab and XYZ profiles the numbers are far from those of sRGB; here red and blue have changed places."""
    swapped = swapped_profile()
    (file,) = await media.upload("Ada", encoded(Image.new("RGB", (400, 300), (220, 30, 60)), kind, icc_profile=swapped))
    assert opened(await served(media, file["url"])).info["icc_profile"] == swapped
    small = opened(await served(media, file["thumbnail_url"]))
    pixel = small.convert("RGB").getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert max(abs(a - b) for a, b in zip(pixel, (60, 30, 220), strict=True)) < 30
    assert "icc_profile" not in small.info


def swapped_profile() -> bytes:
    """sRGB, whose red and blue have changed places: the tags `rXYZ` and `bXYZ` point to each other's values."""
    return PROFILE.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


@pytest.mark.parametrize(
    "profile", [b"no profile at all" * 20, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()]
)
async def test_a_profile_that_does_not_fit_is_as_good_as_none(media: Gallery, profile: bytes) -> None:
    (file,) = await media.upload("Ada", encoded(Image.new("RGB", (40, 30), (220, 30, 60)), "JPEG", icc_profile=profile))
    small = opened(await served(media, file["thumbnail_url"]))
    assert greatest_difference(small, Image.new("RGB", (40, 30), (220, 30, 60))) < 10
    assert "icc_profile" not in small.info


async def test_the_placeholder_has_the_colours_of_the_picture(media: Gallery) -> None:
    """A BlurHash: four by three components, of which the first is the average colour."""
    (file,) = await media.upload("Ada", encoded(Image.new("RGB", (300, 200), (200, 100, 50)), "PNG"))
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
    digits = [alphabet.index(character) for character in file["placeholder"]]
    assert digits[0] == (4 - 1) + (3 - 1) * 9
    average = 0
    for digit in digits[2:6]:
        average = average * 83 + digit
    for found, expected in zip(average.to_bytes(3, "big"), (200, 100, 50), strict=True):
        assert abs(found - expected) <= 2
