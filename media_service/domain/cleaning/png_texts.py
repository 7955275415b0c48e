"""Texts of a PNG: what they tell, by keyword, and by what they hold where that is EXIF or XMP (W3C PNG §11.3.3)."""

import re
import zlib

from media_service.domain.cleaning.metadata_found import MetadataFound

INFLATED_BYTES_MAX = 1 << 20  # of all compressed texts together: a few bytes may be the deflated form of gigabytes

_KEYWORDS = {
    b"author": "author",
    b"artist": "author",
    b"copyright": "author",
    b"creation time": "timestamp",
    b"date:create": "timestamp",
    b"date:modify": "timestamp",
    b"date:timestamp": "timestamp",
    b"software": "software",
    b"title": "description",
    b"description": "description",
    b"comment": "description",
    b"source": "camera",
    b"raw profile type iptc": "iptc",
    b"raw profile type 8bim": "iptc",
}
_RAW_PROFILES = {b"raw profile type exif", b"raw profile type app1", b"raw profile type xmp"}
_XMP_SEGMENT = b"http://ns.adobe.com/x"  # APP1 of a JPEG
_RAW_PROFILE = re.compile(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)")


class Texts:
    def __init__(self, metadata: MetadataFound) -> None:
        self._metadata = metadata
        self._inflatable_bytes = INFLATED_BYTES_MAX

    def add_text(self, payload: bytes) -> None:
        keyword, _, text = payload.partition(b"\0")
        self._add(keyword, text)

    def add_compressed(self, payload: bytes) -> None:
        keyword, _, text = payload.partition(b"\0")
        self._add(keyword, text[1:], is_compressed=True)

    def add_international(self, payload: bytes) -> None:
        keyword, _, rest = payload.partition(b"\0")
        *_, text = rest[2:].split(b"\0", 2)
        self._add(keyword, text, is_compressed=rest[:1] == b"\1")

    def _add(self, keyword: bytes, text: bytes, *, is_compressed: bool = False) -> None:
        kind = keyword.lower()
        if kind == b"xml:com.adobe.xmp":
            self._metadata.add_xmp(self._inflated(text) if is_compressed else text)
        elif kind in _RAW_PROFILES:
            self._add_raw_profile(kind, self._inflated(text) if is_compressed else text)
        else:
            self._metadata.add(_KEYWORDS.get(kind, "text"))

    def _add_raw_profile(self, kind: bytes, text: bytes) -> None:
        profile = _raw_profile(text)
        if kind == b"raw profile type xmp" or profile.startswith(_XMP_SEGMENT):
            self._metadata.add_xmp(profile)
        else:
            self._metadata.add_exif(profile)

    def _inflated(self, text: bytes) -> bytes:
        """As much of it as is readable, and as is left of INFLATED_BYTES_MAX."""
        if not self._inflatable_bytes:  # which zlib would take for "no limit"
            return b""
        try:
            inflated = zlib.decompressobj().decompress(text, self._inflatable_bytes)
        except zlib.error:
            return b""
        self._inflatable_bytes -= len(inflated)
        return inflated


def _raw_profile(text: bytes) -> bytes:
    """The bytes of an ImageMagick profile: a name, a length, and hexadecimal digits in lines."""
    found = _RAW_PROFILE.match(text)
    digits = b"".join(found[1].split()) if found else b""
    return bytes.fromhex(digits[: len(digits) & ~1].decode())
