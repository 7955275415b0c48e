"""Cleaning: a picture file goes in, the same picture comes out, pixel for pixel, without what else the file told.

A whitelist: kept is what is needed to show the picture as it was meant, the colours of its profile with it; whatever
else there is, known or not, goes. What hides inside the pixels, or behind them inside their own chunk, is not looked
for. The cost is linear in the size of the file, whatever is in it. What browsers show in spite of its faults is mended,
not refused. A JPEG, a PNG or a WebP loses its orientation with its EXIF: who shows it has to turn it as
`Cleaned.orientation` says. Animations alone keep it.
"""

from media_service.domain.cleaning import exif, gif, jpeg, png, webp, xmp
from media_service.domain.cleaning.cleaned import Broken, Cleaned, TooManyParts
from media_service.domain.cleaning.formats import HEAD_BYTES, Format, recognize, refused_picture
from media_service.domain.cleaning.metadata_found import REMOVABLE, in_order

__all__ = [
    "CONVERTED",
    "HEAD_BYTES",
    "PROFILE_BYTES_MAX",
    "REMOVABLE",
    "Broken",
    "Cleaned",
    "Format",
    "TooManyParts",
    "clean",
    "in_order",
    "leftovers",
    "read_exif",
    "recognize",
    "refused_picture",
    "xmp_names",
]

PROFILE_BYTES_MAX = png.PROFILE_BYTES_MAX
read_exif, xmp_names = exif.read, xmp.names_in
_CLEANERS = {Format.JPEG: jpeg.clean, Format.PNG: png.clean, Format.WEBP: webp.clean, Format.GIF: gif.clean}
CONVERTED = frozenset(Format) - _CLEANERS.keys()  # into one of those that are cleaned


def clean(data: bytes, format: Format) -> Cleaned:
    """Raises Broken for what is malformed, truncated, or of another format."""
    return _CLEANERS[format](data)


def leftovers(data: bytes, format: Format) -> tuple[str, ...]:
    """What `clean` would still remove: nothing from what is clean. Raises Broken."""
    return clean(data, format).removed
