"""Thumbnails: a picture as screens show it, in sRGB with 8 bits a channel, and small; and its BlurHash."""

import io
from contextlib import suppress

import blurhash
from PIL import Image, ImageCms

from media_service.domain.files import THUMBNAIL_SIDES

LARGEST = max(THUMBNAIL_SIDES)
_QUALITY = 80
_METHOD = 2  # 19 ms for 1,024 x 768 pixels; 4 makes them 1 % smaller in 49 ms
_SMALL_SIDE = 64  # up to which lossless costs a few KiB
_FEW_COLOURS = 256  # drawings and pixel art, which lossy would blur, and lossless makes smaller
_PLACEHOLDER_SIDE = 16  # more than its four by three waves need
_PLACEHOLDER_COMPONENTS = (4, 3)
_INDEXED = frozenset({"1", "P", "PA"})
_SRGB_GAMMA = 1 / 2.2
_GAMMA_TOLERANCE = 0.02


def for_screens(image: Image.Image) -> Image.Image:
    """With alpha if it has some, no larger than the largest thumbnail."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode in _INDEXED:
        image = image.convert(mode)
    elif image.mode.startswith("I"):  # 16 bits
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    image = _within(image, LARGEST)
    if profile := image.info.get("icc_profile"):
        image = _in_srgb(image, profile, mode)
    elif "srgb" not in image.info and (gamma := image.info.get("gamma")):
        image = _with_gamma(image.convert(mode), gamma)
    return image.convert(mode)


def thumbnails(shown: Image.Image) -> tuple[dict[int, bytes], str]:
    """By their longer side, and the BlurHash of a picture for screens."""
    made = {side: _within(shown, side) for side in THUMBNAIL_SIDES}
    placeholder = _placeholder(_within(made[min(THUMBNAIL_SIDES)], _PLACEHOLDER_SIDE))
    return {side: _as_webp(image) for side, image in made.items()}, placeholder


def _in_srgb(image: Image.Image, profile: bytes, mode: str) -> Image.Image:
    """A profile that cannot be read, or is for other colours, is as good as none."""
    with suppress(ImageCms.PyCMSError, OSError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    return image


def _with_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """From what a PNG's gAMA says, to that of screens (W3C PNG §13.13)."""
    if not gamma or abs(gamma - _SRGB_GAMMA) < _GAMMA_TOLERANCE:
        return image
    table = [round(255 * (value / 255) ** (_SRGB_GAMMA / gamma)) for value in range(256)]
    alpha = [list(range(256))] if image.mode == "RGBA" else []
    return image.point([*table * 3, *(one for channel in alpha for one in channel)])


def _within(image: Image.Image, side: int) -> Image.Image:
    """As large as fits into a square of that side, never larger than it is."""
    if max(image.size) <= side:
        return image
    width, height = (max(1, round(one * side / max(image.size))) for one in image.size)
    # By whole factors first: exact, and a third of the time.
    return image.reduce(max(image.size) // side).resize((width, height), Image.Resampling.BICUBIC)


def _as_webp(image: Image.Image) -> bytes:
    encoded = io.BytesIO()
    is_lossless = max(image.size) <= _SMALL_SIDE or image.getcolors(_FEW_COLOURS) is not None
    image.save(encoded, "WEBP", lossless=is_lossless, quality=_QUALITY, method=_METHOD, icc_profile=b"")
    return encoded.getvalue()


def _placeholder(image: Image.Image) -> str:
    rows = image.convert("RGB")
    pixels = [[rows.getpixel((x, y)) for x in range(rows.width)] for y in range(rows.height)]
    return str(blurhash.encode(pixels, *_PLACEHOLDER_COMPONENTS))
