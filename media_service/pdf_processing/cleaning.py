"""What a PDF tells about itself, taken out (ISO 32000-1 §14.3 to §14.5). The one home of pikepdf.

Written anew, it has none of its earlier versions either. Kept as they came are those that are encrypted, and those
that are signed, since the signature would no longer fit. Comments keep their authors, whom everyone sees beside them.
"""

import base64
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import pikepdf

from media_service.domain.cleaning import Broken, Format, icc
from media_service.domain.cleaning import clean as clean_picture
from media_service.domain.cleaning.metadata_found import MetadataFound
from media_service.domain.cleaning.xmp import names_in
from media_service.pdf_processing.results import KEPT, CleanedPdf

OBJECTS_MAX = 500_000
_DEPTH_MAX = 50
_XMP_BYTES_MAX = 1 << 20
_UNPACKED_BYTES_MAX = 64 << 20

_INFORMATION = {
    "/Author": "author",
    "/Title": "description",
    "/Subject": "description",
    "/Keywords": "description",
    "/Creator": "software",
    "/Producer": "software",
    "/CreationDate": "timestamp",
    "/ModDate": "timestamp",
}
_TELLING = {  # wherever they are
    "/PieceInfo": "other",
    "/SpiderInfo": "other",
    "/CreatorInfo": "software",
    "/LastModified": "timestamp",
    "/Thumb": "thumbnail",
}
_TELLING_UNREAD = {"/EmbeddedFiles", "/EF", "/XFA"}  # files, and a form with a description of its own
_OF_ANNOTATIONS = {"/M": "timestamp", "/CreationDate": "timestamp"}


class _Kept(Exception):
    """It has to stay as it is."""


def clean(source: BinaryIO, into: BinaryIO) -> CleanedPdf:
    """Writes into `into`. Raises whatever pikepdf does where it cannot be read."""
    try:
        with pikepdf.open(source, access_mode=pikepdf.AccessMode.stream) as pdf:
            cleaner = _Cleaner(pdf)
            cleaner.clean()
            pdf.save(into, deterministic_id=True, static_id=False, fix_metadata_version=False)
    except (_Kept, pikepdf.PasswordError):
        return KEPT
    into.flush()
    return CleanedPdf(size=into.tell(), removed=cleaner.removed, cleaned=cleaner.is_clean)


def blank(into: BinaryIO) -> None:
    """A page without anything on it."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(16, 16))
        pdf.save(into)


class _Cleaner:
    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        self._metadata = MetadataFound()
        self.is_clean = True

    @property
    def removed(self) -> tuple[str, ...]:
        return self._metadata.told()

    def clean(self) -> None:
        """Raises _Kept."""
        objects = list(self._pdf.objects)
        if self._pdf.is_encrypted or len(objects) > OBJECTS_MAX:
            raise _Kept
        self._take_information()
        for one in objects:
            for dictionary in _dictionaries(one):
                self._take(dictionary)

    def _take_information(self) -> None:
        if "/ID" in self._pdf.trailer:
            del self._pdf.trailer["/ID"]  # it is the first version's for ever; a new one is made of the content
        if "/Info" in self._pdf.trailer:
            information = self._pdf.trailer["/Info"]
            for key in information.keys() if isinstance(information, pikepdf.Dictionary) else ():
                self._metadata.add(_INFORMATION.get(key, "text"))
            del self._pdf.trailer["/Info"]

    def _take(self, one: Any) -> None:
        keys = set(one.keys())
        if "/ByteRange" in keys and "/Contents" in keys:  # a signature
            raise _Kept
        if "/Metadata" in keys:
            self._take_xmp(one)
        for key in _TELLING.keys() & keys:
            self._delete(one, key, _TELLING[key])
        if "/Subtype" in keys and "/Rect" in keys:
            for key in _OF_ANNOTATIONS.keys() & keys:
                self._delete(one, key, _OF_ANNOTATIONS[key])
        if _TELLING_UNREAD & keys:  # whatever they tell
            self.is_clean = False
        if "/Threads" in keys:
            self._take_threads(one["/Threads"])
        if isinstance(one, pikepdf.Stream):
            self._take_stream(one)

    def _delete(self, one: Any, key: str, name: str) -> None:
        del one[key]
        self._metadata.add(name)

    def _take_xmp(self, one: Any) -> None:
        packet = one["/Metadata"]
        names = {"xmp"}
        if isinstance(packet, pikepdf.Stream):
            with suppress(pikepdf.PdfError):
                names |= names_in(packet.read_bytes()[:_XMP_BYTES_MAX])
        for name in names:
            self._metadata.add(name)
        del one["/Metadata"]

    def _take_threads(self, threads: Any) -> None:
        """Articles that go on from page to page, each with information like a document's (ISO 32000-1 §12.4.3)."""
        for thread in threads if isinstance(threads, pikepdf.Array) else ():
            if isinstance(thread, pikepdf.Dictionary) and "/I" in thread:
                for key in thread.I.keys() if isinstance(thread.I, pikepdf.Dictionary) else ():
                    self._metadata.add(_INFORMATION.get(key, "text"))
                del thread["/I"]

    def _take_stream(self, stream: pikepdf.Stream) -> None:
        if stream.get("/Subtype") == "/Image":
            self._take_picture(stream)
        elif "/N" in stream and stream.get("/Type") != "/ObjStm":  # its number of colours (ISO 32000-1 §8.6.5.5)
            self._take_profile(stream)

    def _take_profile(self, stream: pikepdf.Stream) -> None:
        """Of a screen it may hold the serial number."""
        try:
            profile = _unpacked(stream, _filters(stream))
        except Broken:
            profile = b""
        smaller = icc.reduced(profile)
        if smaller is None:
            self.is_clean = False
        elif smaller != profile:
            stream.write(smaller)
            self._metadata.add("profile_details")

    def _take_picture(self, picture: pikepdf.Stream) -> None:
        """A photograph is in it as its camera made it, EXIF with it. Which way up it is, the page says."""
        *packed, coded = _filters(picture) or [""]
        if coded == "/JPXDecode":
            self.is_clean = False
        if coded != "/DCTDecode":
            return
        try:
            cleaned = clean_picture(_unpacked(picture, packed), Format.JPEG)
        except Broken:
            self.is_clean = False
            return
        if cleaned.removed:
            picture.write(cleaned.data, filter=pikepdf.Name.DCTDecode)
            for name in cleaned.removed:
                self._metadata.add(name)


def _filters(stream: pikepdf.Stream) -> list[str]:
    """In the order in which they are undone."""
    filters = stream.get("/Filter", pikepdf.Array())
    return [str(name) for name in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]


def _unpacked(stream: pikepdf.Stream, filters: list[str]) -> bytes:
    """What is inside of these. Raises Broken, also where it is larger than anybody needs."""
    if "/DecodeParms" in stream:
        raise Broken("it is coded in a way of its own")
    data = stream.read_raw_bytes()
    for name in filters:
        unpack = _UNPACKED_BY.get(name)
        try:
            data = unpack(data) if unpack else b""
        except (zlib.error, ValueError):
            data = b""
    if len(data) > _UNPACKED_BYTES_MAX:
        raise Broken("it is too large")
    return data


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, _UNPACKED_BYTES_MAX + 1)


def _from_ascii_85(data: bytes) -> bytes:
    return base64.a85decode(data.strip().removesuffix(b"~>"))


_UNPACKED_BY: dict[str, Callable[[bytes], bytes]] = {"/FlateDecode": _inflated, "/ASCII85Decode": _from_ascii_85}


def _dictionaries(one: Any, depth: int = 0) -> Iterator[Any]:
    """Those that it is, or holds without a reference."""
    if depth > _DEPTH_MAX:
        raise _Kept
    inside: list[Any]
    if isinstance(one, pikepdf.Array):
        inside = list(one)
    elif isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
        yield one
        inside = [value for _, value in one.items()]
    else:
        return
    for value in inside:
        if isinstance(value, pikepdf.Object) and not value.is_indirect:
            yield from _dictionaries(value, depth + 1)
