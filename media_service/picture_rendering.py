"""Rendering: a cleaned picture is decoded, turned upright and made small. The one home of Pillow and blurhash."""

import io
from contextlib import closing, suppress
from time import monotonic
from typing import Any

import blurhash
import msgspec
from PIL import Image, ImageCms, JpegImagePlugin

from media_service.domain.cleaning import Broken, Cleaned, Format, clean, leftovers
from media_service.domain.files import THUMBNAIL_SIDES, Picture

_LARGEST = max(THUMBNAIL_SIDES)
_WEBP_QUALITY = 80
_WEBP_METHOD = 2  # 19 ms for 1,024 x 768 pixels; 4 makes them 1 % smaller in 49 ms
_TURNED_LOSSY = {"quality": _WEBP_QUALITY, "method": _WEBP_METHOD}
_TURNED_LOSSLESS = {"lossless": True, "exact": True, "quality": 20, "method": 1}  # 50 megapixels: 6 s; as usual, 60
_PLACEHOLDER_SIDE = 32
_PLACEHOLDER_COMPONENTS = (4, 3)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_INDEXED = frozenset({"1", "P", "PA"})
_TELLING = frozenset({"exif", "xmp", "comment", "photoshop", "XML:com.adobe.xmp", "Raw profile type exif"})
Image.MAX_IMAGE_PIXELS = None  # the limit is ours, a setting, and checked before Pillow sees the picture


class TooDear(Exception):
    """A picture that takes more time or memory to decode than is allowed; the text says what."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    pixels_max: int
    deadline_s: float

    def check(self, image: Image.Image) -> None:
        """Before each frame is painted. Raises TooDear."""
        if image.width * image.height > self.pixels_max:  # a GIF's frame may make its canvas larger
            raise TooDear(f"a frame of it has {image.width} x {image.height} pixels.")
        if monotonic() > self.deadline_s:
            raise TooDear("to decode it takes too long.")


def render(cleaned: Cleaned, format_: Format, limits: Limits) -> Picture:
    """Decodes all of it, which proves that it can be shown, and encodes again only what has to be turned."""
    # `closing` gives the decoded pixels back at once; Pillow's own `with` closes the file alone.
    with closing(Image.open(io.BytesIO(cleaned.data), formats=[format_.name])) as image:
        limits.check(image)
        width, height = image.size
        if cleaned.orientation == 1 or cleaned.frames > 1:
            data = cleaned.data
            image.draft(None, (_LARGEST, _LARGEST))  # a JPEG can be decoded smaller, all of it nevertheless
            image.load()
            shown = _for_screens(image)
            _decode_rest(image, cleaned.frames, limits)
        else:
            turned = image.transpose(_TURNS[cleaned.orientation])
            width, height = turned.size
            data = clean(_encoded(turned, image, cleaned.data, format_), format_).data
            shown = _for_screens(turned)
    if leftovers(data, format_) or _metadata(data, format_):
        raise Broken("not all of its metadata can be taken out")
    thumbnails = {side: _within(shown, side) for side in THUMBNAIL_SIDES}
    return Picture(
        data=data,
        content_type=format_.value,
        width=width,
        height=height,
        removed=cleaned.removed,
        thumbnails={side: _as_webp(small) for side, small in thumbnails.items()},
        placeholder=_placeholder(_within(thumbnails[min(THUMBNAIL_SIDES)], _PLACEHOLDER_SIDE)),
    )


def _decode_rest(image: Image.Image, frames: int, limits: Limits) -> None:
    for number in range(1, frames):
        image.seek(number)
        limits.check(image)
        image.load()


def _metadata(data: bytes, format_: Format) -> bool:
    """Whether Pillow, which reads such files by itself, finds anything about more than the pixels."""
    with Image.open(io.BytesIO(data), formats=[format_.name]) as image:
        return bool(image.getexif()) or not image.info.keys().isdisjoint(_TELLING)


def _encoded(turned: Image.Image, image: Image.Image, data: bytes, format_: Format) -> bytes:
    """`turned`, as much like `image`, and the file `data` that it came from, as can be."""
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        options |= {"qtables": image.quantization, "progressive": "progressive" in image.info}
        if (sampling := JpegImagePlugin.get_sampling(image)) >= 0:
            options["subsampling"] = sampling
    elif format_ is Format.WEBP:
        options |= _TURNED_LOSSLESS if b"VP8L" in data else _TURNED_LOSSY
    encoded = io.BytesIO()
    turned.save(encoded, format_.name, **options)
    return encoded.getvalue()


def _for_screens(image: Image.Image) -> Image.Image:
    """The picture in sRGB, 8 bits a channel, with alpha if it has some, no larger than the largest thumbnail."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode in _INDEXED:
        image = image.convert(mode)
    elif image.mode.startswith("I"):  # 16 bits
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    image = _within(image, _LARGEST)
    if profile := image.info.get("icc_profile"):
        image = _in_srgb(image, profile, mode)
    return image.convert(mode)


def _in_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """A profile that cannot be read, or is for other colours, is as good as none."""
    with suppress(ImageCms.PyCMSError, OSError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    return image


def _within(image: Image.Image, side: int) -> Image.Image:
    """As large as fits into a square of that side, never larger than it is."""
    if max(image.size) <= side:
        return image
    width, height = (max(1, round(one * side / max(image.size))) for one in image.size)
    # By whole factors first: exact, and a third of the time.
    return image.reduce(max(image.size) // side).resize((width, height), Image.Resampling.BICUBIC)


def _as_webp(image: Image.Image) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_METHOD, icc_profile=b"")  # sRGB needs none
    return encoded.getvalue()


def _placeholder(image: Image.Image) -> str:
    rows = image.convert("RGB")
    pixels = [[rows.getpixel((x, y)) for x in range(rows.width)] for y in range(rows.height)]
    return str(blurhash.encode(pixels, *_PLACEHOLDER_COMPONENTS))
