"""BMP where Pillow reads less of it than browsers: any masks for its colours (Microsoft's BITMAPV5HEADER)."""

import struct
from functools import partial
from typing import NamedTuple

from PIL import Image, ImageMath

from media_service.domain.cleaning import Broken

_MASKS_AT, _COLOURS_AT = 54, 46
_SMALL_HEADER_BYTES, _WITH_ALPHA_BYTES = 12, 56
_MASKED, _MASKED_WITH_ALPHA = 3, 6  # ways of coding
_KINDS = {1: {0}, 4: {0, 2}, 8: {0, 1}, 16: {0, _MASKED, _MASKED_WITH_ALPHA}, 24: {0}}  # by the bits of a pixel
_KINDS[32] = _KINDS[16]
_RAW_MODES = {16: "I;16", 32: "I;32"}


class _Header(NamedTuple):
    pixels_at: int
    size: int  # bytes
    width: int
    height: int  # below 0 where the first row is the uppermost
    bits: int
    coding: int


def with_fitting_palette(data: bytes) -> bytes:
    """A palette of more colours than pixels can name is cut off there. Raises Broken for a kind that is not read."""
    header = _header(data)
    if header is None:
        return data
    if header.coding not in _KINDS.get(header.bits, ()):
        raise Broken(f"a BMP of {header.bits} bits a pixel, coded in the way {header.coding}, is not read here")
    (colours,) = struct.unpack_from("<I", data, _COLOURS_AT)
    if header.bits > 8 or colours <= 1 << header.bits:
        return data
    return data[:_COLOURS_AT] + struct.pack("<I", 1 << header.bits) + data[_COLOURS_AT + 4 :]


def read_masked(data: bytes) -> Image.Image | None:
    """The picture of one whose colours lie behind masks; None of all others. Raises Broken, or whatever Pillow does."""
    header = _header(data)
    if header is None or header.coding not in {_MASKED, _MASKED_WITH_ALPHA}:
        return None
    has_alpha = header.size >= _WITH_ALPHA_BYTES or header.coding == _MASKED_WITH_ALPHA
    masks = struct.unpack_from("<IIII" if has_alpha else "<III", data, _MASKS_AT)
    row_bytes = (header.width * header.bits + 31) // 32 * 4
    rows = data[header.pixels_at : header.pixels_at + row_bytes * abs(header.height)]
    if len(rows) < row_bytes * abs(header.height):
        raise Broken("the BMP ends too early")
    size = (header.width, abs(header.height))
    order = -1 if header.height > 0 else 1
    pixels = Image.frombytes("I", size, rows, "raw", _RAW_MODES[header.bits], row_bytes, order)
    channels = [_channel(pixels, mask) for mask in masks]
    if has_alpha and not channels[3].getbbox():  # nobody means that nothing is seen
        channels.pop()
    return Image.merge("RGBA" if len(channels) == 4 else "RGB", channels)


def _header(data: bytes) -> _Header | None:
    """None of the oldest kind, which has neither."""
    if len(data) < _MASKS_AT or data[14] == _SMALL_HEADER_BYTES:
        return None
    pixels_at, size, width, height, _, bits, coding = struct.unpack_from("<IIiiHHI", data, 10)
    return _Header(pixels_at, size, width, height, bits, coding)


def _channel(pixels: Image.Image, mask: int) -> Image.Image:
    """Its numbers as 8 bits."""
    if not mask:
        return Image.new("L", pixels.size)
    shift = (mask & -mask).bit_length() - 1
    shift = max(shift, mask.bit_length() - 8)
    scaled: Image.Image = ImageMath.lambda_eval(partial(_scaled, shift=shift, top=mask >> shift), pixels=pixels)
    return scaled.convert("L")


def _scaled(values: dict[str, ImageMath._Operand], *, shift: int, top: int) -> ImageMath._Operand:
    return ((values["pixels"] >> shift & top) * 255 + top // 2) / top
