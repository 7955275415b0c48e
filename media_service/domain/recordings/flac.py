"""FLAC (RFC 9639): kept are the stream's information and its table for seeking, and the frames."""

from media_service.domain.recordings.audio_tags import cut_before, cut_behind
from media_service.domain.recordings.recording import Recording, recording
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken, Source

_INFORMATION, _SEEK_TABLE = 0, 3
_NAMES = {1: "other", 2: "other", 5: "other", 6: "thumbnail"}  # padding, an application's, a cue sheet, a picture
_LAST = 0x80
_INFORMATION_BYTES = 34


def clean(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    revision = Revision(source)
    start = cut_before(revision)
    if source.read(start, 4) != b"fLaC":
        raise Broken("it is no FLAC")
    at, kept, is_last = start + 4, list[int](), False
    duration_s: float | None = None
    while not is_last:
        revision.count()
        is_last, kind = bool(source.number(at, 1) & _LAST), source.number(at, 1) & 0x7F
        after = at + 4 + source.number(at + 1, 3)
        if after > source.size:
            raise Broken("it ends too early")
        if kind == _INFORMATION:
            duration_s = _duration_s(source, at + 4)
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
    cut_behind(revision, at)
    return recording(revision, content_type, duration_s=duration_s)


def _cut(revision: Revision, kind: int, at: int, after: int) -> None:
    if kind not in _NAMES:
        revision.tell_of(at + 4, after)
    elif not revision.is_blank(at + 4, after):
        revision.tell(_NAMES[kind])
    revision.cut(at, after)


def _duration_s(source: Source, at: int) -> float | None:
    fields = int.from_bytes(source.read(at, _INFORMATION_BYTES)[10:18], "big")
    rate_hz, samples = fields >> 44, fields & 0xF_FFFF_FFFF
    return samples / rate_hz if rate_hz else None
