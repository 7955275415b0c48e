"""A cleaned picture becomes one that is kept: proved by decoding all of it, upright, with its thumbnails."""

import io
from contextlib import closing

from PIL import Image

from media_service.domain.cleaning import Broken, Cleaned, Format, clean, leftovers
from media_service.domain.files import Picture
from media_service.picture_rendering import jpeg_ends
from media_service.picture_rendering.limits import Limits, decoding
from media_service.picture_rendering.thumbnails import LARGEST, for_screens, thumbnails
from media_service.picture_rendering.turning import is_on_its_side, turn, turned

_TELLING = frozenset({"xmp", "comment", "photoshop", "XML:com.adobe.xmp", "Raw profile type exif"})
_ORIENTATION = 0x0112


def render(cleaned: Cleaned, format_: Format, limits: Limits) -> Picture:
    """Raises Broken for what cannot be decoded, and TooDear. All else that is raised is our fault."""
    if cleaned.ends_early and format_ is Format.JPEG:
        cleaned = jpeg_ends.ended(cleaned, limits)
    try:
        return _rendered(cleaned, format_, limits)
    except Broken:
        if cleaned.fallback is None:
            raise
    return _rendered(cleaned.fallback, format_, limits)


def _rendered(cleaned: Cleaned, format_: Format, limits: Limits) -> Picture:
    # `closing` gives the decoded pixels back at once; Pillow's own `with` closes the file alone.
    with decoding():
        image = Image.open(io.BytesIO(cleaned.data), formats=[format_.name])
    with closing(image):
        limits.check_frame(image)
        if cleaned.orientation == 1 or cleaned.frames > 1:
            data = cleaned.data
            shown = _decoded(image, cleaned, limits)
            width, height = cleaned.width, cleaned.height
            if is_on_its_side(cleaned.orientation):
                width, height = height, width
        else:
            with decoding():
                image.load()
            _check_end(image, cleaned, limits)
            upright, encoded = turned(image, cleaned, format_)
            width, height = upright.size
            data = clean(encoded, format_).data
            upright.info = {**image.info}
            shown = for_screens(upright)
    _check_nothing_is_left(data, format_)
    small, placeholder = thumbnails(shown)
    return Picture(
        data=data,
        content_type=format_.value,
        width=width,
        height=height,
        removed=cleaned.removed,
        thumbnails=small,
        placeholder=placeholder,
    )


def _decoded(image: Image.Image, cleaned: Cleaned, limits: Limits) -> Image.Image:
    """All of it, of which the first frame is what is shown small."""
    with decoding():
        image.draft(None, (LARGEST, LARGEST))  # a JPEG can be decoded smaller, all of it nevertheless
        image.load()
    _check_end(image, cleaned, limits)
    shown = turn(for_screens(image), cleaned.orientation)
    for number in range(1, cleaned.frames):
        with decoding():
            image.seek(number)
            limits.check_frame(image)
            image.load()
    return shown


def _check_end(image: Image.Image, cleaned: Cleaned, limits: Limits) -> None:
    if image.format == Format.JPEG.name and not cleaned.ends_early and jpeg_ends.may_end_early(image):
        jpeg_ends.check_rows(cleaned.data, limits)


def _check_nothing_is_left(data: bytes, format_: Format) -> None:
    """Pillow reads such files by itself: it may not find anything about more than the pixels either."""
    with decoding(), Image.open(io.BytesIO(data), formats=[format_.name]) as image:
        tells = image.getexif().keys() - {_ORIENTATION} or image.info.keys() & _TELLING
    if tells or leftovers(data, format_):
        raise Broken("not all of its metadata can be taken out")
