"""Conversion: HEIF, AVIF and BMP, which not everybody's browser and programs show, become JPEG, WebP or PNG.

All that they tell beside the picture stays behind; the colour profile comes along, and of an animation the first frame.
"""

import io
from collections.abc import Set as AbstractSet
from contextlib import closing
from typing import NamedTuple

from PIL import AvifImagePlugin, Image

from media_service.domain.cleaning import Format, read_exif, xmp_names
from media_service.picture_rendering import bitmaps
from media_service.picture_rendering.limits import Limits, decoding
from media_service.picture_rendering.turning import turn

_ORIENTATION = 0x0112
_JPEG = {"quality": 90}
_WEBP = {"quality": 90, "method": 2}
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # there are as many threads of ours as cores, and each counts its own time


class Converted(NamedTuple):
    data: bytes
    format: Format
    removed: AbstractSet[str]  # what was told beside the picture, of REMOVABLE


def convert(data: bytes, format_: Format, limits: Limits) -> Converted:
    """Raises Broken, TooDear."""
    if format_ is Format.BMP:
        return Converted(_encoded(_bitmap(data, limits), Format.PNG), Format.PNG, frozenset())
    image, names = _heif(data, limits) if format_ is Format.HEIF else _opened(data, format_, limits)
    if image.has_transparency_data:
        return Converted(_encoded(image.convert("RGBA"), Format.WEBP, **_WEBP), Format.WEBP, names)
    image = image if image.mode in {"L", "RGB"} else image.convert("RGB")
    return Converted(_encoded(image, Format.JPEG, **_JPEG), Format.JPEG, names)


def _bitmap(data: bytes, limits: Limits) -> Image.Image:
    with decoding():
        data = bitmaps.with_fitting_palette(data)
        image = bitmaps.read_masked(data)
    if image is None:
        image, _ = _opened(data, Format.BMP, limits)
    limits.check_frame(image)
    return image


def _heif(data: bytes, limits: Limits) -> tuple[Image.Image, AbstractSet[str]]:
    from media_service.picture_rendering import heif  # noqa: PLC0415 - its library is large, and most send none

    with decoding():
        file = heif.read(data)
    limits.check_size(file.size)
    with decoding():
        image = file.image()
    limits.check_frame(image)
    return image, _told(image) | file.names


def _opened(data: bytes, format_: Format, limits: Limits) -> tuple[Image.Image, AbstractSet[str]]:
    """By Pillow, which tells an AVIF's own turns as if they were EXIF's. What XMP says of turns, no browser follows."""
    with decoding():
        opened = Image.open(io.BytesIO(data), formats=[format_.name])
    with closing(opened):
        limits.check_size(opened.size)
        with decoding():
            opened.load()
            orientation = _orientation_in(opened.info.get("exif", b""))
        limits.check_time()
        image = turn(opened, orientation).copy()
        image.info = {**opened.info}
        return image, _told(image)


def _orientation_in(block: bytes) -> int:
    exif = Image.Exif()
    exif.load(block)
    orientation: int = exif.get(_ORIENTATION, 1)
    return orientation if orientation in range(1, 9) else 1


def _told(image: Image.Image) -> set[str]:
    names: set[str] = set()
    if block := image.info.get("exif"):
        names |= read_exif(block).names
    if packet := image.info.get("xmp"):
        names |= xmp_names(packet)
    return names


def _encoded(image: Image.Image, format_: Format, **options: object) -> bytes:
    encoded = io.BytesIO()
    profile = image.info.get("icc_profile")
    image.info = {}
    image.save(encoded, format_.name, icc_profile=profile, **options)
    return encoded.getvalue()
