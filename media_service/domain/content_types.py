"""Content types: what a file is, by its bytes alone (the WHATWG MIME Sniffing standard where it has a rule).

A file that is two things at once, a polyglot, is what its first bytes say, as for everyone who is told a content type
and `nosniff`. What no rule knows is `application/octet-stream`.
"""

import codecs
import re

from media_service.domain.content_archives import archive_type
from media_service.domain.recordings.audio_tags import length_before
from media_service.domain.recordings.mpeg_audio import type_of_frames
from media_service.domain.recordings.source import Source

UNKNOWN = "application/octet-stream"
HEAD_BYTES = 4096

_PDF_WITHIN_BYTES = 1024  # where readers still look for the header (ISO 32000-1, annex H.3)
_PIECE_BYTES = 64 * 1024
_MAGIC = {
    b"%PDF-": "application/pdf",
    b"fLaC": "audio/flac",
    b"#!AMR": "audio/amr",
    b"#!AMR-WB": "audio/amr-wb",
    b"MThd": "audio/midi",
    b".snd": "audio/basic",
    b"FLV\x01": "video/x-flv",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "video/x-ms-asf",
    b"\x00\x00\x01\xba": "video/mpeg",
    b"\x00\x00\x01\xb3": "video/mpeg",
    b"\x1f\x8b\x08": "application/gzip",
    b"BZh": "application/x-bzip2",
    b"\xfd7zXZ\0": "application/x-xz",
    b"\x28\xb5\x2f\xfd": "application/zstd",
    b"7z\xbc\xaf\x27\x1c": "application/x-7z-compressed",
    b"Rar!\x1a\x07": "application/vnd.rar",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "application/x-ole-storage",  # Word, Excel and PowerPoint until 2007
    b"{\\rtf": "application/rtf",
    b"%!PS-Adobe-": "application/postscript",
    b"SQLite format 3\0": "application/vnd.sqlite3",
    b"wOFF": "font/woff",
    b"wOF2": "font/woff2",
    b"OTTO": "font/otf",
    b"\0\1\0\0": "font/ttf",
    b"\0asm": "application/wasm",
    # Programs: what would run is a row of bytes.
    b"MZ": UNKNOWN,
    b"\x7fELF": UNKNOWN,
    b"\xca\xfe\xba\xbe": UNKNOWN,
    b"\xcf\xfa\xed\xfe": UNKNOWN,
    b"\xce\xfa\xed\xfe": UNKNOWN,
}
_LONGEST_FIRST = sorted(_MAGIC.items(), key=lambda entry: -len(entry[0]))
_ZIPS = (b"PK\3\4", b"PK\5\6")
_RIFFS = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_AIFFS = (b"AIFF", b"AIFC")
_OGGS = {
    b"OpusHead": "audio/ogg",
    b"\x01vorbis": "audio/ogg",
    b"Speex   ": "audio/ogg",
    b"\x7fFLAC": "audio/ogg",
    b"\x80theora": "video/ogg",
}
_BRANDS = {  # of a file that says `ftyp`; whether it has pictures, its tracks tell
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"3g2": "video/3gpp2",
    b"3gp": "video/3gpp",
}
_MOVIE_ATOMS = (b"moov", b"mdat", b"wide", b"pnot")  # QuickTime files from before `ftyp`, behind a size of 32 bits
_SPACE = 0x20  # a text begins with no less; as a size it were half a GiB
_WEBM = re.compile(rb"\x42\x82.{1,8}webm", re.DOTALL)  # the element DocType
_WHITE = b"\t\n\x0c\r "
_HTML = re.compile(
    rb"(?:<!DOCTYPE HTML|<(?:HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P))[ >]|<!--",
    re.IGNORECASE,
)
_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]|<!DOCTYPE\s+svg", re.IGNORECASE)
_MARKUP_BEFORE_SVG = (b"<?xml", b"<!--", b"<!doctype svg", b"<svg")
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\x0c\r\x1b"})  # the standard's binary data bytes, and DEL
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16le", codecs.BOM_UTF16_BE: "utf-16be"}


def content_type_of(source: Source) -> str:
    """As in a Content-Type; of text with its charset. Raises Broken where its reads fail, which they do not."""
    head = source.peek(0, HEAD_BYTES)
    if head.startswith(_ZIPS):
        return archive_type(source)
    return _by_magic(head, source) or _text_type(head, source) or UNKNOWN


def _by_magic(head: bytes, source: Source) -> str | None:
    found = next((type_ for magic, type_ in _LONGEST_FIRST if head.startswith(magic)), None)
    return (
        found
        or _by_container(head)
        or _by_frame(head, source)
        or ("application/pdf" if _is_late_pdf(head, source) else None)
    )


def _is_late_pdf(head: bytes, source: Source) -> bool:
    """Behind something else, as readers still take it; a text about PDFs does not end as one does."""
    if b"%PDF-" not in head[:_PDF_WITHIN_BYTES]:
        return False
    return b"startxref" in source.peek(max(0, source.size - _PDF_WITHIN_BYTES), _PDF_WITHIN_BYTES)


def _by_container(head: bytes) -> str | None:
    match head[:4], head[4:8]:
        case b"RIFF" | b"RIFX" | b"RF64" | b"BW64", _:
            return _RIFFS.get(head[8:12])
        case b"FORM", _:
            return "audio/aiff" if head[8:12] in _AIFFS else None
        case b"OggS", _:
            return next((type_ for codec, type_ in _OGGS.items() if codec in head[28:64]), "application/ogg")
        case b"\x1a\x45\xdf\xa3", _:
            return "video/webm" if _WEBM.search(head[:128]) else "video/x-matroska"
        case _, b"ftyp":
            brand = head[8:12]
            return next((type_ for start, type_ in _BRANDS.items() if brand.startswith(start)), "video/mp4")
        case size, atom if atom in _MOVIE_ATOMS and size[0] < _SPACE:
            return "video/quicktime"
    return "application/x-tar" if head[257:262] == b"ustar" else None


def _by_frame(head: bytes, source: Source) -> str | None:
    """Of frames without a signature, and of what has tags before it."""
    if head.startswith(b"\xff"):
        return type_of_frames(source, 0)
    if not head.startswith((b"ID3", b"APETAGEX")):
        return None
    at = length_before(source)
    return "audio/flac" if source.peek(at, 4) == b"fLaC" else type_of_frames(source, at) or "audio/mpeg"


def _text_type(head: bytes, source: Source) -> str | None:
    bom, charset = next(((bom, name) for bom, name in _BOMS.items() if head.startswith(bom)), (b"", "utf-8"))
    beginning = head[len(bom) :].decode(charset, "ignore").encode().lstrip(_WHITE)
    if markup := _markup_type(beginning):
        return markup
    return f"text/plain; charset={charset}" if _is_text(source, charset) else None


def _markup_type(beginning: bytes) -> str | None:
    if beginning.lower().startswith(_MARKUP_BEFORE_SVG) and _SVG.search(beginning):
        return "image/svg+xml"
    if _HTML.match(beginning):
        return "text/html"
    return "application/xml" if beginning.startswith(b"<?xml") else None


def _is_text(source: Source, charset: str) -> bool:
    """All of it: a file that goes on as something else is none."""
    decoder = codecs.getincrementaldecoder(charset)()
    try:
        for at in range(0, source.size, _PIECE_BYTES):
            piece = source.peek(at, _PIECE_BYTES)
            text = decoder.decode(piece, final=at + _PIECE_BYTES >= source.size)
            plain = piece if charset == "utf-8" else text.encode()
            if len(plain.translate(None, _CONTROLS)) != len(plain):
                return False
    except UnicodeError:
        return False
    return True
