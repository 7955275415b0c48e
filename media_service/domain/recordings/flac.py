"""FLAC (RFC 9639): kept are the stream's information and its table for seeking, and the frames."""

from typing import NamedTuple

from media_service.domain.recordings import flac_frames
from media_service.domain.recordings.audio_tags import cut_before, cut_behind
from media_service.domain.recordings.recording import Recording, recording
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken, Source

_INFORMATION, _SEEK_TABLE = 0, 3
_NAMES = {1: "other", 2: "other", 5: "other", 6: "thumbnail"}  # padding, an application's, a cue sheet, a picture
_LAST = 0x80
_INFORMATION_BYTES = 34


class _Information(NamedTuple):
    """What the whole stream says of itself (RFC 9639 §8.2); 0 is not known."""

    block_samples: int
    rate_hz: int
    samples: int

    @property
    def duration_s(self) -> float | None:
        return self.samples / self.rate_hz if self.rate_hz else None


def clean(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    revision = Revision(source)
    start = cut_before(revision)
    if source.read(start, 4) != b"fLaC":
        raise Broken("it is no FLAC")
    at, kept, is_last = start + 4, list[int](), False
    information = _Information(0, 0, 0)
    while not is_last:
        revision.count()
        is_last, kind = bool(source.number(at, 1) & _LAST), source.number(at, 1) & 0x7F
        after = at + 4 + source.number(at + 1, 3)
        if after > source.size:
            raise Broken("it ends too early")
        if kind == _INFORMATION:
            information = _information(source, at + 4)
        if kind in {_INFORMATION, _SEEK_TABLE}:
            kept.append(at)
        else:
            _cut(revision, kind, at, after)
        at = after
    if not kept or kept[0] != start + 4:
        raise Broken("it does not say what is in it")
    for block in kept:
        kind = source.number(block, 1) & 0x7F | (_LAST if block == kept[-1] else 0)
        if kind != source.number(block, 1):
            revision.put(block, bytes((kind,)))
    end = cut_behind(revision, at)
    revision.is_clean &= flac_frames.are_all(
        source, at, end, block_samples=information.block_samples, total_samples=information.samples
    )
    return recording(revision, content_type, duration_s=information.duration_s)


def _cut(revision: Revision, kind: int, at: int, after: int) -> None:
    if kind not in _NAMES:
        revision.tell_of(at + 4, after)
    elif not revision.is_blank(at + 4, after):
        revision.tell(_NAMES[kind])
    revision.cut(at, after)


def _information(source: Source, at: int) -> _Information:
    data = source.read(at, _INFORMATION_BYTES)
    fields = int.from_bytes(data[10:18], "big")
    return _Information(int.from_bytes(data[2:4], "big"), fields >> 44, fields & 0xF_FFFF_FFFF)
