"""Pictures as people send them: made by Pillow, with everything in them that files tell beside their pictures."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageSequence
from PIL.PngImagePlugin import PngInfo

from media_service.domain.cleaning import Broken, Format, clean
from tests.media_service.cleaning.profiles import LARGE_PROFILE, PROFILE

Entry = tuple[int, int, int, int | bytes]  # tag, type, count, value

ORIENTATION = 0x0112
SHORT, LONG, ASCII, UNDEFINED, RATIONAL = 3, 4, 2, 7, 5
XMP = b"<x:xmpmeta><rdf:Description exif:GPSLatitude='1' xmp:CreatorTool='a' xmp:CreateDate='b'/></x:xmpmeta>"
XMP_NAMES = ("gps", "timestamp", "software", "xmp")
PHOTOSHOP = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0c\x1c\x02\x50\0\x07Ada Low"


@dataclass(frozen=True)
class Decoded:
    """All that one sees of a picture."""

    frames: list[tuple[str, tuple[int, int], bytes, object, object]]
    loop: object
    profile: object
    transparency: object


def decoded(data: bytes) -> Decoded:
    with Image.open(BytesIO(data)) as image:
        frames = [
            (frame.mode, frame.size, frame.tobytes(), frame.info.get("duration"), frame.info.get("blend"))
            for frame in ImageSequence.Iterator(image)
        ]
        info = image.info
        return Decoded(frames, info.get("loop"), info.get("icc_profile"), info.get("transparency"))


def decoded_still(data: bytes) -> Decoded:
    """Of an MPO, whose further pictures are not part of the first one."""
    with Image.open(BytesIO(data)) as image:
        return Decoded(
            [(image.mode, image.size, image.tobytes(), None, None)], None, image.info.get("icc_profile"), None
        )


def told_by_pillow(data: bytes) -> set[str]:
    """What of a picture's metadata Pillow finds."""
    with Image.open(BytesIO(data)) as image:
        image.load()
        found = {key for key in ("exif", "xmp", "comment", "photoshop", "mp", "Software") if image.info.get(key)}
        found |= {f"text {key}" for key in getattr(image, "text", {})}
        return found | {f"exif {tag}" for tag in image.getexif()}


def told_of_animations_by_pillow(data: bytes) -> set[str]:
    """But for their orientation, which they keep."""
    return told_by_pillow(data) - {"exif", f"exif {ORIENTATION}"}


def is_broken(data: bytes, kind: Format) -> bool:
    try:
        clean(data, kind)
    except Broken:
        return True
    return False


def painted(mode: str = "RGB", size: tuple[int, int] = (48, 32), shift: int = 0) -> Image.Image:
    """A gradient with a disc: with colours enough that a lost table would show."""
    image = Image.linear_gradient("L").resize(size).convert("RGBA")
    ImageDraw.Draw(image).ellipse((4 + shift, 4, 20 + shift, 20), fill=(200, 30 + shift, 90, 128))
    if mode == "I;16":
        return Image.frombytes("I;16", size, b"".join(struct.pack("<H", 257 * at % 65_536) for at in range(48 * 32)))
    if mode == "P":
        return image.convert("RGB").quantize(32)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# EXIF


def directory(order: str, at: int, entries: Sequence[Entry], next_at: int = 0) -> bytes:
    """An IFD that lies at `at`, with its long values behind it."""
    heads, values = b"", b""
    values_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if isinstance(value, bytes):
            inline = value if len(value) <= 4 else struct.pack(order + "I", values_at + len(values))
            values += b"" if len(value) <= 4 else value
        else:
            inline = struct.pack(order + ("H" if kind == SHORT else "I"), value)
        heads += struct.pack(order + "HHI", tag, kind, count) + inline.ljust(4, b"\0")
    return struct.pack(order + "H", len(entries)) + heads + struct.pack(order + "I", next_at) + values


def tiff(order: str, entries: Sequence[Entry], next_at: int = 0) -> bytes:
    """A block of one directory."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", 8) + directory(order, 8, entries, next_at)


def exif_of_a_phone(orientation: int = 6, order: str = "<") -> bytes:
    """Where it was, when, with which camera by whom, with a thumbnail and the maker's own notes."""
    thumbnail = encoded(painted(size=(16, 16)), "JPEG")
    text = b"some text\0"
    exif_at, gps_at, thumbnail_at = 1000, 2000, 3000
    picture = directory(
        order,
        8,
        [
            (0x010E, ASCII, len(text), text),
            (0x010F, ASCII, len(text), text),
            (0x0112, SHORT, 1, orientation),
            (0x0131, ASCII, len(text), text),
            (0x0132, ASCII, len(text), text),
            (0x013B, ASCII, len(text), text),
            (0x8769, LONG, 1, exif_at),
            (0x8825, LONG, 1, gps_at),
        ],
        thumbnail_at,
    )
    exif = directory(order, exif_at, [(0x829A, RATIONAL, 1, bytes(8)), (0x927C, UNDEFINED, 300, b"maker" * 60)])
    gps = directory(order, gps_at, [(1, ASCII, 2, b"N\0"), (2, RATIONAL, 3, bytes(24)), (0x1D, ASCII, 11, bytes(11))])
    jpeg_at = thumbnail_at + 2 + 2 * 12 + 4
    small = directory(order, thumbnail_at, [(0x0201, LONG, 1, jpeg_at), (0x0202, LONG, 1, len(thumbnail))])
    mark = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    block = (mark + picture).ljust(exif_at, b"\0") + exif
    return (block.ljust(gps_at, b"\0") + gps).ljust(thumbnail_at, b"\0") + small + thumbnail


PHONE_NAMES = ("gps", "camera", "timestamp", "author", "description", "software", "thumbnail", "maker_notes")


def exif_of_orientation(orientation: int) -> bytes:
    """As Pillow writes it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes().removeprefix(b"Exif\0\0")


# The parts of files


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(name: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Behind the header."""
    return png[:33] + b"".join(chunks) + png[33:]


TRANSPARENCY = b"ALPH"  # codespell:ignore alph


def riff_chunk(name: bytes, payload: bytes = b"") -> bytes:
    return name + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) & 1)


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def sub_blocks(data: bytes) -> bytes:
    pieces = (data[at : at + 255] for at in range(0, len(data), 255))
    return b"".join(bytes((len(piece),)) + piece for piece in pieces) + b"\0"


def application(name: bytes, blocks: bytes) -> bytes:
    return b"\x21\xff\x0b" + name + blocks


def with_blocks(gif: bytes, *blocks: bytes) -> bytes:
    """Behind the screen descriptor and its colours."""
    at = 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)
    return gif[:at] + b"".join(blocks) + gif[at:]


# The pictures


def moving(mode: str) -> list[Image.Image]:
    return [painted(mode, shift=shift) for shift in (0, 6, 12)]


def animation(kind: str, mode: str, **options: Any) -> bytes:
    first, *others = moving(mode)
    return encoded(first, kind, save_all=True, append_images=others, duration=[70, 120, 200], loop=3, **options)


def texts() -> PngInfo:
    info = PngInfo()
    for keyword in ("Author", "Creation Time", "Software", "Description", "parameters"):
        info.add_text(keyword, "some words")
    info.add_text("Comment", "some words " * 20, zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return info


TEXT_NAMES = ("gps", "timestamp", "author", "description", "software", "xmp", "text")


def jpegs() -> dict[str, bytes]:
    phone = {"exif": b"Exif\0\0" + exif_of_a_phone(), "xmp": XMP, "comment": b"hello", "icc_profile": PROFILE}
    return {
        "baseline": encoded(painted(), "JPEG", **phone),
        "progressive": encoded(painted(), "JPEG", progressive=True, **phone),
        "cmyk": encoded(painted("CMYK"), "JPEG", **phone),
        "grayscale": encoded(painted("L"), "JPEG", **phone),
        "restarts": encoded(painted(), "JPEG", restart_marker_blocks=1, **phone),
        "large profile": encoded(painted(), "JPEG", icc_profile=LARGE_PROFILE),
        "rgb": encoded(painted(), "JPEG", keep_rgb=True, comment=b"hello"),
        "photoshop": with_segments(encoded(painted(), "JPEG"), segment(0xED, PHOTOSHOP)),
    }


def pngs() -> dict[str, bytes]:
    phone = {"exif": exif_of_a_phone(), "pnginfo": texts(), "icc_profile": PROFILE}
    return {
        "rgb": encoded(painted(), "PNG", dpi=(72, 72), **phone),
        "rgba": encoded(painted("RGBA"), "PNG", **phone),
        "palette": encoded(painted("P"), "PNG", transparency=3, **phone),
        "bits": encoded(painted("1"), "PNG", **phone),
        "16 bit": encoded(painted("I;16"), "PNG", pnginfo=texts()),
        "transparent": encoded(painted("L"), "PNG", transparency=9, **phone),
        "apng": animation("PNG", "RGB", **phone),
        "apng with a still": animation("PNG", "RGB", default_image=True, **phone),
    }


def gifs() -> dict[str, bytes]:
    xmp = application(b"XMP DataXMP", XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0")
    told = (b"\x21\xfe" + sub_blocks(b"hello" * 100), xmp)
    return {
        "still": with_blocks(encoded(painted("P"), "GIF"), *told),
        "animated": with_blocks(animation("GIF", "P"), *told),
        "transparent": with_blocks(animation("GIF", "P", transparency=3, disposal=2), *told),
        "profile": with_blocks(encoded(painted("P"), "GIF"), application(b"ICCRGBG1012", sub_blocks(PROFILE)), *told),
        "comment": animation("GIF", "P", comment=b"hello"),
    }


def webps() -> dict[str, bytes]:
    phone = {"exif": exif_of_a_phone(), "xmp": XMP, "icc_profile": PROFILE}
    return {
        "lossy": encoded(painted(), "WEBP", **phone),
        "lossy alpha": encoded(painted("RGBA"), "WEBP", **phone),
        "lossless alpha": encoded(painted("RGBA"), "WEBP", lossless=True, **phone),
        "animated": animation("WEBP", "RGBA", **phone),
        "animated lossless": animation("WEBP", "RGBA", lossless=True, **phone),
        "simple": riff(
            encoded(painted(), "WEBP")[12:], riff_chunk(b"EXIF", exif_of_a_phone()), riff_chunk(b"XMP ", XMP)
        ),
    }


PICTURES = [
    (f"{kind.name} {name}", data, kind)
    for kind, made in ((Format.JPEG, jpegs()), (Format.PNG, pngs()), (Format.GIF, gifs()), (Format.WEBP, webps()))
    for name, data in made.items()
]
