"""Formats of pictures, known by their first bytes: those that are kept, and those that never are."""

from enum import Enum

HEAD_BYTES = 64  # are enough to tell


class Format(Enum):
    """Those that are taken. HEIF, AVIF and BMP are kept as what browsers and everybody's programs show."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    GIF = "image/gif"
    HEIF = "image/heic"
    AVIF = "image/avif"
    BMP = "image/bmp"


_MAGIC = {
    b"\xff\xd8\xff": Format.JPEG,
    b"\x89PNG\r\n\x1a\n": Format.PNG,
    b"GIF87a": Format.GIF,
    b"GIF89a": Format.GIF,
}
_AVIF = frozenset((b"avif", b"avis"))
_HEVC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_ANY_CODEC = frozenset((b"mif1", b"mif2", b"msf1", b"miaf"))
_BMP_HEADERS = frozenset((12, 40, 52, 56, 64, 108, 124))  # how many bytes each version's has

_TIFF, _RAW = "TIFF, or a camera's raw format", "a camera's raw format"
_REFUSED = {  # each may hold what nobody means to show, and is not cleaned here
    b"II*\0\x10\0\0\0CR": _RAW,  # Canon
    b"II*\0": _TIFF,
    b"MM\0*": _TIFF,
    b"II+\0": _TIFF,
    b"MM\0+": _TIFF,
    b"IIRO\x08\0\0\0": _RAW,  # Olympus
    b"IIRS\x08\0\0\0": _RAW,
    b"MMOR\0\0\0\x08": _RAW,
    b"IIU\0": _RAW,  # Panasonic
    b"II\x1a\0\0\0HEAPCCDR": _RAW,  # Canon, older
    b"FUJIFILMCCD-RAW": _RAW,
    b"FOVb": _RAW,  # Sigma
    b"\0MRM": _RAW,  # Minolta
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"II\xbc": "JPEG XR",
    b"8BPS\0\1": "a Photoshop file",
    b"8BPS\0\2": "a Photoshop file",
    b"gimp xcf": "a GIMP file",
    b"BPG\xfb": "BPG",
    b"FLIF": "FLIF",
    b"\x8aMNG\r\n\x1a\n": "MNG",
    b"\x8bJNG\r\n\x1a\n": "JNG",
    b"\x76\x2f\x31\x01": "OpenEXR",
}
_REFUSED_BRANDS = {  # those of HEIF that nobody here decodes are stills, too
    b"crx ": _RAW,
    b"jxl ": "JPEG XL",
    **dict.fromkeys((b"jp2 ", b"jpx ", b"j2ki", b"j2is"), "JPEG 2000"),
    **dict.fromkeys((b"avci", b"avcs"), "HEIF with H.264 in it"),
    **dict.fromkeys((b"jpeg", b"jpgs"), "HEIF with JPEG in it"),
    **dict.fromkeys((b"vvic", b"vvis"), "HEIF with H.266 in it"),
}


def recognize(head: bytes) -> Format | None:
    """By its first HEAD_BYTES or more alone."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[4:8] == b"ftyp":
        return _recognize_brands(head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Format.BMP
    return next((format_ for magic, format_ in _MAGIC.items() if head.startswith(magic)), None)


def refused_picture(head: bytes) -> str | None:
    """What kind of picture it is, where it is one that is never kept."""
    if head[4:8] == b"ftyp":
        return _REFUSED_BRANDS.get(head[8:12])
    return next((name for magic, name in _REFUSED.items() if head.startswith(magic)), None)


def _recognize_brands(head: bytes) -> Format | None:
    """A still of this family may have a general brand first, and say only then how it is coded (ISO 23008-12 §10)."""
    major = head[8:12]
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {major, *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if major in _AVIF or (major in _ANY_CODEC and brands & _AVIF and not brands & _HEVC):
        return Format.AVIF
    return Format.HEIF if major in _HEVC | _ANY_CODEC else None
