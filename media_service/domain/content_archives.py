"""Archives: what a ZIP is, by the names in it (APPNOTE.TXT 6.3.10; ISO/IEC 29500-2, OpenDocument 1.3 part 2, EPUB OCF).

Nothing is unpacked. Of the directory at the end, DIRECTORY_BYTES_MAX are looked at.
"""

import struct

from media_service.domain.recordings.source import Source

DIRECTORY_BYTES_MAX = 256 * 1024

_END_BYTES_MAX = 22 + 65_535  # the end record, with its comment
_OFFICE = "application/vnd.openxmlformats-officedocument."
_BY_FOLDER = {
    b"word/": f"{_OFFICE}wordprocessingml.document",
    b"xl/": f"{_OFFICE}spreadsheetml.sheet",
    b"ppt/": f"{_OFFICE}presentationml.presentation",
}
_NAMED_TYPES = ("application/vnd.oasis.opendocument.", "application/epub+zip")


def archive_type(source: Source) -> str:
    if named := _named_type(source):
        return named
    directory = _directory(source)
    if b"[Content_Types].xml" in directory:
        return next((type_ for folder, type_ in _BY_FOLDER.items() if folder in directory), "application/zip")
    return "application/java-archive" if b"META-INF/MANIFEST.MF" in directory else "application/zip"


def _named_type(source: Source) -> str | None:
    """Where the first entry is called `mimetype`, and stored, its content is the type."""
    head = source.peek(0, 256)
    if len(head) < 38 or head[30:38] != b"mimetype" or head[8:10] != b"\0\0":
        return None
    size, extra_bytes = struct.unpack_from("<I", head, 18)[0], struct.unpack_from("<H", head, 28)[0]
    type_ = head[38 + extra_bytes : 38 + extra_bytes + min(size, 128)]
    text = type_.decode("ascii", "replace").strip()
    is_plain = all(letter.isalnum() or letter in "/.+-" for letter in text)
    return text if is_plain and text.startswith(_NAMED_TYPES) else None


def _directory(source: Source) -> bytes:
    """The central directory, as far as it is looked at, or what there is where one would be."""
    tail = source.peek(max(0, source.size - _END_BYTES_MAX), _END_BYTES_MAX)
    end = tail.rfind(b"PK\5\6")
    if end < 0 or end + 20 > len(tail):
        return b""
    size, at = struct.unpack_from("<II", tail, end + 12)
    return source.peek(at, min(size, DIRECTORY_BYTES_MAX))
