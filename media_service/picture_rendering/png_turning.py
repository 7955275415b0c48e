"""PNGs turned: with the depth that they had, and the chunks that decide their colours (W3C PNG §11).

Pillow reads colours of 16 bits as 8, and writes few chunks. So of those the upper and lower halves are read as two
pictures, turned, and written by us; grey with alpha passes for RGBA of 8 bits, since each pixel has as many bytes.
"""

import io
import struct
import zlib
from contextlib import closing

from PIL import Image, ImageChops

from media_service.picture_rendering.limits import decoding

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB, _GRAY_ALPHA, _RGB_ALPHA = 0, 2, 4, 6
_DEEP = 16
_MODES = {_RGB: "RGB", _RGB_ALPHA: "RGBA"}
_SCALES = {2: 85, 4: 17}  # Pillow makes 8 bits of so many
_ROWS = 256  # that are encoded at a time
_SUB = 1  # the filter that tells the difference to the pixel on the left
_LEVEL = 6

Chunks = list[tuple[bytes, bytes]]


def turned(data: bytes, transpose: Image.Transpose, is_on_its_side: bool) -> tuple[Image.Image, bytes]:  # noqa: FBT001
    """The picture of a clean PNG, which need not show all of its depth, and the file."""
    chunks = _chunks(data)
    header = chunks[0][1]
    depth, colour = header[8], header[9]
    if depth == _DEEP and colour in _MODES:
        image, pixels = _deep(chunks, transpose, colour)
    elif depth == _DEEP and colour == _GRAY_ALPHA:
        image, pixels = _as_other_kind(chunks, transpose)
    else:
        image = _opened(_bare(chunks)).transpose(transpose)
        pixels = _encoded(image)
    scale = _SCALES.get(depth, 1) if colour == _GRAY else 1
    rest = [(name, _adapted(name, payload, scale, is_on_its_side)) for name, payload in _others(chunks)]
    return image, _joined([pixels[0], *rest, *pixels[1:]])


def _deep(chunks: Chunks, transpose: Image.Transpose, colour: int) -> tuple[Image.Image, Chunks]:
    bare, mode = _bare(chunks), _MODES[colour]
    upper = _opened(bare, f"{mode};16B").transpose(transpose)
    lower = _opened(bare, f"{mode};16L").transpose(transpose)
    header = struct.pack(">IIBB", *upper.size, _DEEP, colour) + bytes(3)
    return upper, [(b"IHDR", header), (b"IDAT", _deflated(upper, lower)), (b"IEND", b"")]


def _deflated(upper: Image.Image, lower: Image.Image) -> bytes:
    width, height = upper.size
    pixel_bytes = 2 * len(upper.getbands())
    compressor = zlib.compressobj(_LEVEL)
    pieces = []
    for top in range(0, height, _ROWS):
        box = (0, top, width, min(top + _ROWS, height))
        rows = bytearray(2 * len(upper.getbands()) * width * (box[3] - top))
        rows[0::2], rows[1::2] = upper.crop(box).tobytes(), lower.crop(box).tobytes()
        pieces.append(compressor.compress(_filtered(rows, width * pixel_bytes, pixel_bytes)))
    return b"".join((*pieces, compressor.flush()))


def _filtered(rows: bytearray, row_bytes: int, pixel_bytes: int) -> bytes:
    """Each row as differences, with the filter's number before it (§9.2)."""
    size = (row_bytes, len(rows) // row_bytes)
    plain = Image.frombytes("L", size, bytes(rows))
    left = Image.new("L", size)
    left.paste(plain, (pixel_bytes, 0))
    filtered = Image.new("L", (row_bytes + 1, size[1]), _SUB)
    filtered.paste(ImageChops.subtract_modulo(plain, left), (1, 0))
    return filtered.tobytes()


def _as_other_kind(chunks: Chunks, transpose: Image.Transpose) -> tuple[Image.Image, Chunks]:
    (name, header), *rest = chunks
    other = (name, header[:8] + bytes((8, _RGB_ALPHA)) + header[10:])
    image = _opened(_bare([other, *rest])).transpose(transpose)
    (_, turned_header), *pixels = _encoded(image)
    upper_gray, _, upper_alpha, _ = image.split()
    kind = turned_header[:8] + bytes((_DEEP, _GRAY_ALPHA)) + turned_header[10:]
    return Image.merge("LA", (upper_gray, upper_alpha)), [(b"IHDR", kind), *pixels]


def _encoded(image: Image.Image) -> Chunks:
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return [(name, payload) for name, payload in _chunks(encoded.getvalue()) if name in {b"IHDR", b"IDAT", b"IEND"}]


def _opened(data: bytes, raw_mode: str | None = None) -> Image.Image:
    with decoding(), closing(Image.open(io.BytesIO(data), formats=["PNG"])) as image:
        if raw_mode is not None:
            image.tile = [image.tile[0]._replace(args=raw_mode)]
        return image.copy()


def _adapted(name: bytes, payload: bytes, scale: int, is_on_its_side: bool) -> bytes:  # noqa: FBT001
    if name == b"pHYs" and is_on_its_side:
        return payload[4:8] + payload[:4] + payload[8:]
    if name in {b"tRNS", b"bKGD"} and scale > 1:
        return (int.from_bytes(payload, "big") * scale & 0xFFFF).to_bytes(2, "big")
    return payload


def _others(chunks: Chunks) -> Chunks:
    """All but the pixels: they stand before them."""
    return [one for one in chunks if one[0] not in {b"IHDR", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"}]


def _bare(chunks: Chunks) -> bytes:
    return _joined([one for one in chunks if one[0] in {b"IHDR", b"PLTE", b"IDAT", b"IEND"}])


def _chunks(data: bytes) -> Chunks:
    """Of a file that is well-formed."""
    chunks, at = [], len(_SIGNATURE)
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        chunks.append((name, data[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def _joined(chunks: Chunks) -> bytes:
    pieces = [_SIGNATURE]
    for name, payload in chunks:
        pieces += [len(payload).to_bytes(4, "big"), name, payload, zlib.crc32(name + payload).to_bytes(4, "big")]
    return b"".join(pieces)
