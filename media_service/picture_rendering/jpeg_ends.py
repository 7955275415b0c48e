"""JPEGs that end early: how much of the picture is there, and where its data ends.

A decoder goes on with grey where the data ends, and says nothing. So the file is decoded twice, with its end as it is
and with other bytes put before it: the first row in which both differ is the first that the file does not tell.
"""

import io
from contextlib import closing

import msgspec
from PIL import Image, ImageChops

from media_service.domain.cleaning import Broken, Cleaned
from media_service.picture_rendering.limits import Limits, decoding

ROWS_SHARE_MIN = 0.95
_EOI = b"\xff\xd9"
_FILLER = bytes(pow(3, n, 257) % 255 for n in range(256)) * 64  # any bytes but 0xFF, and more than one block takes
_GREY = frozenset({127, 128})  # what decoders paint where data is missing
_PADDING_BYTES = 2  # the last bits of the picture may be left out without a trace


def check_rows(data: bytes, limits: Limits) -> bool:
    """Whether all rows of the file are there. Raises Broken where fewer than ROWS_SHARE_MIN are."""
    told, filled = _decoded(data, limits), _decoded(data[:-2] + _FILLER + _EOI, limits)
    difference = ImageChops.difference(told, filled).getbbox()
    if difference is None:
        return True
    rows, height = difference[1], told.height
    if rows < ROWS_SHARE_MIN * height:
        raise Broken(f"it ends after {rows / height:.0%} of its rows")
    return False


def ended(cleaned: Cleaned, limits: Limits) -> Cleaned:
    """The picture with its end where its data ends. Raises Broken."""
    if not check_rows(cleaned.data, limits):
        return cleaned
    data = cleaned.data[:-2]
    end = _end_of_picture(data, limits)
    names = ("trailing_data",) if end + _PADDING_BYTES < len(data) else ()
    return msgspec.structs.replace(cleaned, data=data[:end] + _EOI, removed=(*cleaned.removed, *names))


def may_end_early(image: Image.Image) -> bool:
    """Whether its last pixel is grey as where data is missing."""
    pixel = image.getpixel((image.width - 1, image.height - 1))
    channels = pixel if isinstance(pixel, tuple) else (pixel,)
    return set(channels) <= _GREY


def _end_of_picture(data: bytes, limits: Limits) -> int:
    """The shortest beginning that tells all of it, whatever follows: looked for from the end, in growing steps."""
    whole = _decoded(data + _EOI, limits)

    def is_whole(end: int) -> bool:
        return ImageChops.difference(whole, _decoded(data[:end] + _FILLER + _EOI, limits)).getbbox() is None

    step, good = 1, len(data)
    while good > step and is_whole(good - step):
        good -= step
        step *= 2
    bad = max(0, good - step)
    while good - bad > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if is_whole(middle) else (good, middle)
    return good


def _decoded(data: bytes, limits: Limits) -> Image.Image:
    limits.check_time()
    with decoding(), closing(Image.open(io.BytesIO(data), formats=["JPEG"])) as image:
        return image.copy()
