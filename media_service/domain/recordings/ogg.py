"""Ogg (RFC 3533) with Vorbis, Opus (RFC 7845), Speex, FLAC or Theora in it: the packet of comments is emptied.

It keeps its length, so that no page moves; the pages that it lies on get new checksums.
"""

import zlib
from dataclasses import dataclass, field
from typing import NamedTuple

from media_service.domain.recordings.recording import Recording, longest, recording
from media_service.domain.recordings.revision import Revision, Zeros
from media_service.domain.recordings.source import Broken, Source
from media_service.domain.recordings.vorbis_comments import emptied

_HEAD_BYTES = 27
_CHECKSUM_AT = 22
_CONTINUED, _FIRST = 1, 2
_NO_GRANULE = (1 << 64) - 1
_COMMENTS_BYTES_MAX = 16 << 20
_OPUS_HZ = 48_000
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class _Page(NamedTuple):
    at: int
    start: int  # of what is in it
    end: int
    flags: int
    granule: int
    serial: int
    segments: bytes


@dataclass(slots=True)
class _Stream:
    codec: str
    hertz: float = 0
    skipped: int = 0  # samples at its beginning that are not played
    size: tuple[int, int] = (0, 0)
    granule_shift: int = 0
    last_granule: int = 0
    packets: int = 0  # that have ended
    comments: bytearray = field(default_factory=bytearray)
    pages: list[tuple[_Page, int, int]] = field(default_factory=list)  # with the comments' part of each

    @property
    def duration_s(self) -> float:
        frames, rest = self.last_granule >> self.granule_shift, self.last_granule & ((1 << self.granule_shift) - 1)
        samples = frames + rest if self.granule_shift else self.last_granule - self.skipped
        return samples / self.hertz if self.hertz else 0


def clean(source: Source, _: str) -> Recording:
    """Raises Broken."""
    reader = _Reader(Revision(source))
    reader.read()
    return reader.recording()


class _Reader:
    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._links: list[dict[int, _Stream]] = []  # streams by their numbers, in each part of a chain
        self._is_beginning = False

    def read(self) -> None:
        at, size = 0, self._revision.source.size
        while at < size:
            self._revision.count()
            if (page := self._page_at(at, size)) is None:
                self._revision.cut(at, size)
                self._revision.tell("trailing_data")
                break
            self._take(page)
            at = page.end
        for stream in self._streams():
            if stream.codec and not stream.packets > 1:
                raise Broken("its comments are missing")

    def recording(self) -> Recording:
        video = next((stream for stream in self._streams() if stream.codec == "theora"), None)
        duration_s = sum(longest(stream.duration_s for stream in link.values()) or 0 for link in self._links)
        return recording(
            self._revision,
            "video/ogg" if video else "audio/ogg",
            has_video=video is not None,
            size=video.size if video else (0, 0),
            duration_s=duration_s,
        )

    def _streams(self) -> list[_Stream]:
        return [stream for link in self._links for stream in link.values()]

    def _page_at(self, at: int, size: int) -> _Page | None:
        """None where there is none, or not all of it, behind the first."""
        head = self._revision.source.peek(at, _HEAD_BYTES + 255)
        count = head[26] if len(head) > 26 else 0
        start = at + _HEAD_BYTES + count
        segments = head[_HEAD_BYTES : _HEAD_BYTES + count]
        end = start + sum(segments)
        if len(head) < _HEAD_BYTES or head[:5] != b"OggS\0" or end > size:
            if at == 0:
                raise Broken("it is no Ogg")
            return None
        granule, serial = int.from_bytes(head[6:14], "little"), int.from_bytes(head[14:18], "little")
        return _Page(at, start, end, head[5], granule, serial, segments)

    def _take(self, page: _Page) -> None:
        if page.flags & _FIRST:
            if not self._is_beginning:
                self._links.append({})
            self._is_beginning = True
            self._links[-1][page.serial] = self._stream(page)
            return
        self._is_beginning = False
        stream = self._links[-1].get(page.serial) if self._links else None
        if stream is None:
            raise Broken("a page of no stream")
        if page.granule != _NO_GRANULE:
            stream.last_granule = page.granule
        if stream.packets == 1:
            self._take_comments(stream, page)

    def _stream(self, page: _Page) -> _Stream:
        data = self._revision.source.read(page.start, page.end - page.start)
        stream = _identified(data)
        if stream.codec in {"", "flac"}:
            self._revision.is_clean = False
        stream.packets = 1 if stream.codec else 2
        return stream

    def _take_comments(self, stream: _Stream, page: _Page) -> None:
        """A segment shorter than 255 bytes ends a packet (RFC 3533 §5)."""
        end = page.start
        for length in page.segments:
            end += length
            if length < 255:
                stream.packets += 1
                break
        stream.pages.append((page, page.start, end))
        stream.comments += self._revision.source.read(page.start, end - page.start)
        if len(stream.comments) > _COMMENTS_BYTES_MAX:
            raise Broken("its comments are too long")
        if stream.packets > 1:
            self._empty(stream)

    def _empty(self, stream: _Stream) -> None:
        if stream.codec == "flac":
            return
        before = bytes(stream.comments)
        after = emptied(before)
        if before != after:
            at = 0
            for page, start, end in stream.pages:
                self._replace(page, start, after[at : at + end - start])
                self._revision.tell_of(start, end)
                at += end - start
        stream.comments.clear()
        stream.pages.clear()

    def _replace(self, page: _Page, at: int, data: bytes) -> None:
        """The part of a page that begins at `at`, and its checksum."""
        old = self._revision.source.read(page.at, page.end - page.at)
        blank = old[:_CHECKSUM_AT] + bytes(4) + old[_CHECKSUM_AT + 4 :]
        new = blank[: at - page.at] + data + blank[at - page.at + len(data) :]
        self._revision.put(page.at + _CHECKSUM_AT, checksum(new).to_bytes(4, "little"))
        words = data.rstrip(b"\0")
        self._revision.put(at, words, Zeros(len(data) - len(words)))


def checksum(page: bytes) -> int:
    """Of a page whose own field is zero: CRC-32, from the other end than zlib's, and not inverted (RFC 3533 §6)."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _identified(data: bytes) -> _Stream:
    """By its first packet; without a codec where that is not known."""
    if data.startswith(b"\x01vorbis") and len(data) >= 30:
        return _Stream("vorbis", int.from_bytes(data[12:16], "little"))
    if data.startswith(b"OpusHead") and len(data) >= 19:
        return _Stream("opus", _OPUS_HZ, skipped=int.from_bytes(data[10:12], "little"))
    if data.startswith(b"Speex   ") and len(data) >= 80:
        return _Stream("speex", int.from_bytes(data[36:40], "little"))
    if data.startswith(b"\x7fFLAC") and len(data) >= 51:
        return _Stream("flac", int.from_bytes(data[27:35], "big") >> 44)
    if data.startswith(b"\x80theora") and len(data) >= 42:
        numerator, denominator = (int.from_bytes(data[at : at + 4], "big") for at in (22, 26))
        size = int.from_bytes(data[14:17], "big"), int.from_bytes(data[17:20], "big")
        shift = int.from_bytes(data[40:42], "big") >> 5 & 31
        return _Stream("theora", numerator / denominator if denominator else 0, size=size, granule_shift=shift)
    return _Stream("")
