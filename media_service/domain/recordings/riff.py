"""WAV and AVI: chunks in a RIFF (Microsoft's Multimedia Programming Interface, 1991; EBU Tech 3306 for RF64).

Nothing moves, since an index says where frames lie: a chunk that is not needed to play the file becomes JUNK of the
same length, filled with zeros.
"""

from collections.abc import Iterator
from typing import NamedTuple

from media_service.domain.recordings.recording import Recording, recording
from media_service.domain.recordings.revision import Revision, Zeros
from media_service.domain.recordings.source import Broken, Source

_HEAD_BYTES, _FORM_BYTES = 8, 12
_UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF})  # of a stream: whoever wrote it could not go back
_FREE = (b"JUNK", b"PAD ", b"FLLR", b"junk")
_IN_WAVE = frozenset({b"fmt ", b"data", b"fact", b"ds64"})
_IN_HEADERS = frozenset({b"avih"})
_IN_STREAM = frozenset({b"strh", b"strf", b"indx", b"vprp"})
_IN_AVI = frozenset({b"idx1"})
_SEEN_OR_HEARD = (b"vids", b"auds")
_FRAME_KINDS = frozenset({b"dc", b"db", b"wb", b"pc", b"ix"})


class Chunk(NamedTuple):
    kind: bytes
    at: int
    start: int
    end: int


def clean_wave(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    if source.read(0, 4) != b"RIFF":
        raise Broken("it is of an order or a length that is not read")  # RIFX, RF64
    revision = Revision(source)
    rate_bytes = data_bytes = 0
    for chunk in _chunks(revision, _FORM_BYTES, _form_end(revision)):
        if chunk.kind == b"fmt ":
            rate_bytes = source.little(chunk.start + 8, 4)
        elif chunk.kind == b"data":
            data_bytes += chunk.end - chunk.start
        if chunk.kind not in _IN_WAVE:
            _junk(revision, chunk)
    if not data_bytes:
        raise Broken("there is nothing to hear in it")
    return recording(revision, content_type, duration_s=data_bytes / rate_bytes if rate_bytes else None)


def clean_avi(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    reader = _AviReader(Revision(source))
    reader.read()
    return reader.recording(content_type)


def _form_end(revision: Revision, at: int = 0, *, is_last: bool = True) -> int:
    """What lies behind it goes."""
    size = revision.source.size
    length = revision.source.little(at + 4, 4)
    end = size if length in _UNKNOWN_SIZES else min(size, at + _HEAD_BYTES + length + (length & 1))
    if is_last and end < size:
        revision.cut(end, size)
        revision.tell("trailing_data")
    return end


def _chunks(revision: Revision, start: int, end: int) -> Iterator[Chunk]:
    at = start
    while at + _HEAD_BYTES <= end:
        revision.count()
        head = revision.source.read(at, _HEAD_BYTES)
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        payload = at + _HEAD_BYTES
        if kind == b"data" and size in _UNKNOWN_SIZES:
            size = end - payload
        if payload + size > end:
            if kind not in {b"data", b"LIST"}:
                raise Broken("a chunk is larger than what it is in")
            size = end - payload  # a recording that was broken off
        yield Chunk(kind, at, payload, payload + size)
        at = payload + size + (size & 1)
    if at < end:
        revision.zero(at, end, "trailing_data")


def _junk(revision: Revision, chunk: Chunk) -> None:
    if revision.is_blank(chunk.start, chunk.end):
        return
    if chunk.kind not in _FREE:
        revision.tell_of(chunk.at, chunk.end)
        revision.put(chunk.at, b"JUNK")
    else:
        revision.tell("other")
    revision.put(chunk.start, Zeros(chunk.end - chunk.start))


class _AviReader:
    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._size = (0, 0)
        self._duration_s = 0.0
        self._has_video = False

    def read(self) -> None:
        """The first form, and those that go on where it is full (OpenDML 1.02)."""
        at, size = 0, self._revision.source.size
        while at + _FORM_BYTES <= size:
            form = self._revision.source.read(at, _FORM_BYTES)
            if form[:4] != b"RIFF" or form[8:] not in {b"AVI ", b"AVIX"}:
                break
            end = _form_end(self._revision, at, is_last=False)
            self._read_list(Chunk(form[8:], at, at + _FORM_BYTES, end))
            at = end
        if at < size:
            self._revision.cut(at, size)
            self._revision.tell("trailing_data")

    def recording(self, content_type: str) -> Recording:
        return recording(
            self._revision, content_type, has_video=self._has_video, size=self._size, duration_s=self._duration_s
        )

    def _read_list(self, parent: Chunk) -> None:
        for chunk in _chunks(self._revision, parent.start, parent.end):
            name = self._revision.source.peek(chunk.start, 4) if chunk.kind == b"LIST" else b""
            inside = Chunk(name, chunk.at, chunk.start + 4, chunk.end)
            match parent.kind, name or chunk.kind:
                case (b"AVI " | b"AVIX", b"hdrl") | (b"hdrl", b"strl" | b"odml"):
                    self._read_list(inside)
                case (b"AVI " | b"AVIX", b"movi") | (b"movi", b"rec "):
                    self._read_frames(inside)
                case (b"AVI " | b"AVIX", b"idx1") | (b"odml", b"dmlh") | (b"strl", b"indx" | b"vprp" | b"strf"):
                    pass
                case b"hdrl", b"avih":
                    self._read_header(chunk)
                case b"strl", b"strh":
                    self._read_stream(chunk)
                case _:
                    _junk(self._revision, chunk)

    def _read_header(self, chunk: Chunk) -> None:
        frame_us, frames, width, height = (self._revision.source.little(chunk.start + at, 4) for at in (0, 16, 32, 36))
        self._duration_s = frame_us * frames / 1e6
        self._size = width, height

    def _read_stream(self, chunk: Chunk) -> None:
        """Of a third kind, as of texts, the frames would have to go, and the index with them."""
        kind = self._revision.source.read(chunk.start, 4)
        self._has_video |= kind == b"vids"
        self._revision.is_clean &= kind in _SEEN_OR_HEARD

    def _read_frames(self, parent: Chunk) -> None:
        for chunk in _chunks(self._revision, parent.start, parent.end):
            if chunk.kind == b"LIST" and self._revision.source.peek(chunk.start, 4) == b"rec ":
                if parent.kind == b"rec ":
                    raise Broken("its records are nested")
                self._read_frames(Chunk(b"rec ", chunk.at, chunk.start + 4, chunk.end))
            elif not (chunk.kind[2:] in _FRAME_KINDS or chunk.kind[:2] == b"ix"):
                _junk(self._revision, chunk)
