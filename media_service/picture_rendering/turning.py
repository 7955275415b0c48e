"""Turning: a picture encoded anew, upright, as much like the file that it came from as can be."""

import io
from threading import Lock
from typing import Any

from PIL import Image, ImageFile, JpegImagePlugin

from media_service.domain.cleaning import Cleaned, Format
from media_service.picture_rendering import png_turning

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_ITS_SIDE = 5  # from this orientation on, width and height change places
_LOSSY = {"quality": 90, "method": 2}
_LOSSLESS = {"lossless": True, "exact": True, "quality": 20, "method": 1}  # 50 megapixels: 6 s; as usual, 60
_ROOM_BYTES = 1 << 20
_SUBSAMPLING = {(1, 1): 0, (2, 1): 1, (2, 2): 2}  # how many columns and rows of the first share one of the others
_RGB_NAMES = (ord("R"), ord("G"), ord("B"))
_room = Lock()


def is_on_its_side(orientation: int) -> bool:
    return orientation >= _ON_ITS_SIDE


def turn(image: Image.Image, orientation: int) -> Image.Image:
    return image if orientation == 1 else image.transpose(TURNS[orientation])


def turned(image: Image.Image, cleaned: Cleaned, format_: Format) -> tuple[Image.Image, bytes]:
    """`image`, which is that of the file `cleaned`, upright; and as a file of the same kind."""
    if format_ is Format.PNG:
        return png_turning.turned(cleaned.data, TURNS[cleaned.orientation], is_on_its_side(cleaned.orientation))
    upright = turn(image, cleaned.orientation)
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile")}
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        options |= _jpeg_options(image, is_on_its_side=is_on_its_side(cleaned.orientation))
        if options["progressive"]:
            _make_room(2 * len(cleaned.data) + _ROOM_BYTES)
    else:
        options |= _LOSSLESS if cleaned.is_lossless else _LOSSY
    encoded = io.BytesIO()
    upright.save(encoded, format_.name, **options)
    return upright, encoded.getvalue()


def _jpeg_options(image: JpegImagePlugin.JpegImageFile, *, is_on_its_side: bool) -> dict[str, Any]:
    """Its own tables, with which most of what was rounded is rounded the same way again."""
    tables = [image.quantization[component[3]] for component in image.layer]
    while len(tables) > 1 and tables[-1] == tables[-2]:  # the last one stands for all that follow
        tables.pop()
    columns, rows = _sampling(image)
    names = tuple(component[0] for component in image.layer)
    return {
        "qtables": [_transposed(table) for table in tables] if is_on_its_side else tables,
        "subsampling": _SUBSAMPLING.get((rows, columns) if is_on_its_side else (columns, rows), 0),
        "progressive": "progressive" in image.info,
        "keep_rgb": image.mode == "RGB" and (image.info.get("adobe_transform") == 0 or names == _RGB_NAMES),
    }


def _sampling(image: JpegImagePlugin.JpegImageFile) -> tuple[int, int]:
    first, *others = [component[1:3] for component in image.layer]
    return first if all(other == (1, 1) for other in others) else (1, 1)


def _transposed(table: list[int]) -> list[int]:
    """Its 8 by 8 numbers, of which each row is of one vertical frequency, with rows and columns exchanged."""
    return [table[8 * row + column] for column in range(8) for row in range(8)]


def _make_room(size: int) -> None:
    """Pillow writes a progressive JPEG into one piece of memory, whose size it guesses: too little for much noise."""
    with _room:
        ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, size)
