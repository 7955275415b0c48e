"""Cleaning: a picture file goes in, the same picture comes out, pixel for pixel, without what else the file told.

A whitelist: kept is what is needed to show the picture as it was meant, the colour profile with it; whatever else there
is, known or not, goes. What hides inside the pixels, or behind them inside their own chunk, is not looked for. The cost
is linear in the size of the file, whatever is in it. A JPEG, PNG or WebP loses its orientation with its EXIF: who shows
it has to turn it as `Cleaned.orientation` says.
"""

from enum import Enum

from media_service.domain.cleaning import gif, jpeg, png, webp
from media_service.domain.cleaning.cleaned import Broken, Cleaned
from media_service.domain.cleaning.metadata_found import REMOVABLE

__all__ = ["REMOVABLE", "Broken", "Cleaned", "Format", "clean", "leftovers", "recognize"]


class Format(Enum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    GIF = "image/gif"


_CLEANERS = {Format.JPEG: jpeg.clean, Format.PNG: png.clean, Format.WEBP: webp.clean, Format.GIF: gif.clean}
_MAGIC = {
    b"\xff\xd8\xff": Format.JPEG,
    b"\x89PNG\r\n\x1a\n": Format.PNG,
    b"GIF87a": Format.GIF,
    b"GIF89a": Format.GIF,
}


def recognize(data: bytes) -> Format | None:
    """By its first bytes alone."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    return next((format_ for magic, format_ in _MAGIC.items() if data.startswith(magic)), None)


def clean(data: bytes, format: Format) -> Cleaned:
    """Raises Broken for what is malformed, truncated, or of another format."""
    return _CLEANERS[format](data)


def leftovers(data: bytes, format: Format) -> tuple[str, ...]:
    """What `clean` would still remove: nothing from what is clean. Raises Broken."""
    return clean(data, format).removed
