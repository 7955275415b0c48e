"""Conversion: HEIF, AVIF and BMP, which not everybody's browser and programs show, become JPEG, WebP or PNG.

All that they tell beside the picture stays behind; the colour profile comes along, and of an animation the first frame.
"""

import io
import re
from collections.abc import Set as AbstractSet
from contextlib import closing
from typing import NamedTuple

from PIL import AvifImagePlugin, Image

from media_service.domain.cleaning import Broken, Format, read_exif, xmp_names
from media_service.picture_rendering import bitmaps
from media_service.picture_rendering.limits import Limits, decoding
from media_service.picture_rendering.turning import turn

_ORIENTATION = 0x0112
_QUALITY = 90
_WEBP = {"quality": _QUALITY, "method": 2}
_WEBP_SIDE_MAX = 16_383  # pixels
# What a decoder is told before (AV1 in ISOBMFF §2.3.3, ISO 14496-15 §8.3.3.1.2): the byte with the sharing of colours.
_CONFIGURATION = re.compile(rb"av1C\x81.(?P<av1>.)|hvcC\x01.{15}(?P<hevc>.)", re.DOTALL)
_HEAD_BYTES = 64 * 1024  # it stands before the pictures
_AV1_MONOCHROME, _AV1_SHARED = 0x10, 0x0C  # the latter: by columns and rows
_HEVC_KIND, _HEVC_MONOCHROME, _HEVC_SHARED = 0x03, 0, 1
_SHARED, _EACH_ITS_OWN = "4:2:0", "4:4:4"
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
    if image.has_transparency_data and max(image.size) > _WEBP_SIDE_MAX:
        return Converted(_encoded(image.convert("RGBA"), Format.PNG), Format.PNG, names)
    if image.has_transparency_data:
        return Converted(_encoded(image.convert("RGBA"), Format.WEBP, **_WEBP), Format.WEBP, names)
    image = image if image.mode in {"L", "RGB"} else image.convert("RGB")
    jpeg = _encoded(image, Format.JPEG, quality=_QUALITY, subsampling=_subsampling(data))
    return Converted(jpeg, Format.JPEG, names)


def _bitmap(data: bytes, limits: Limits) -> Image.Image:
    with decoding():
        data = bitmaps.with_fitting_palette(data)
        image = bitmaps.read_masked(data)
    if image is None:
        image, _ = _opened(data, Format.BMP, limits)
    if not all(image.size):
        raise Broken("it has no pixels")
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


def _subsampling(data: bytes) -> str:
    """Four pixels share a colour where they do so in all that is in the file: text on a screen is blurred by that."""
    return _EACH_ITS_OWN if any(map(_has_more_colours, _CONFIGURATION.finditer(data[:_HEAD_BYTES]))) else _SHARED


def _has_more_colours(found: re.Match[bytes]) -> bool:
    """Of one picture of the file: more of them than one for four pixels."""
    if found["av1"]:
        return not found["av1"][0] & _AV1_MONOCHROME and found["av1"][0] & _AV1_SHARED != _AV1_SHARED
    return found["hevc"][0] & _HEVC_KIND not in {_HEVC_MONOCHROME, _HEVC_SHARED}


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
