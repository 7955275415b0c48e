"""AIFF and AIFF-C (Apple's Audio Interchange File Format, 1989 and 1991): what is not needed to play is cut out."""

from media_service.domain.recordings.recording import Recording, recording
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken, Source

_NEEDED = frozenset({b"COMM", b"SSND", b"FVER"})
_FORM_BYTES, _HEAD_BYTES, _COMMON_BYTES = 12, 8, 18


def clean(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    revision = Revision(source)
    end = min(source.size, _HEAD_BYTES + source.number(4, 4))
    at, cut_bytes, duration_s = _FORM_BYTES, 0, None
    while at + _HEAD_BYTES <= end:
        revision.count()
        head = source.read(at, _HEAD_BYTES)
        kind, size = head[:4], int.from_bytes(head[4:], "big")
        after = min(at + _HEAD_BYTES + size + (size & 1), end)
        if kind == b"COMM":
            if after - at < _HEAD_BYTES + _COMMON_BYTES:
                raise Broken("it does not say how it is coded")
            duration_s = _duration_s(source, at + _HEAD_BYTES)
        elif kind not in _NEEDED:
            revision.tell_of(at, after)
            revision.cut(at, after)
            cut_bytes += after - at
        at = after
    if at < source.size:
        revision.cut(at, source.size)
        revision.tell("trailing_data")
    if duration_s is None:
        raise Broken("there is nothing to hear in it")
    if cut_bytes or at != _HEAD_BYTES + source.number(4, 4):
        revision.put(4, (at - _HEAD_BYTES - cut_bytes).to_bytes(4, "big"))
    return recording(revision, content_type, duration_s=duration_s)


def _duration_s(source: Source, at: int) -> float:
    frames, rate = source.number(at + 2, 4), source.read(at + 8, 10)
    exponent = int.from_bytes(rate[:2], "big") & 0x7FFF
    mantissa = int.from_bytes(rate[2:], "big")
    shift = 16383 + 63 - exponent  # an 80-bit float (IEEE 754 extended)
    hertz = mantissa / (1 << shift) if 0 <= shift < 128 else 0.0
    return frames / hertz if hertz else 0.0
