"""Sample entries: how the samples of a track are coded, and who coded them (ISO/IEC 14496-12 §8.5.2, §12)."""

from collections.abc import Iterator

from media_service.domain.recordings.boxes import FREE, Box, boxes, free
from media_service.domain.recordings.revision import Revision

_TELLING = FREE | {b"uuid", b"udta", b"meta"}
_NAMED = frozenset(
    {b"damr", b"dawp", b"d263"}
)  # begin with the vendor of the encoder, and its version (3GPP TS 26.244)
_NAME_BYTES = 5
_VENDOR_AT = 12  # from an entry's payload; QuickTime's field, reserved elsewhere
_COMPRESSOR_AT, _COMPRESSOR_BYTES = 42, 32
_VIDEO_BYTES = 78
_AUDIO_BYTES = {0: 28, 1: 44, 2: 64}  # by the version of QuickTime's sound description


def read_entries(revision: Revision, box: Box, *, is_video: bool, is_audio: bool) -> tuple[bytes, ...]:
    """The names of their codings. Raises Broken."""
    return tuple(_entries(revision, box, is_video=is_video, is_audio=is_audio))


def _entries(revision: Revision, box: Box, *, is_video: bool, is_audio: bool) -> Iterator[bytes]:
    for entry in boxes(revision, box.start + 8, box.end):
        if is_video and entry.start + _VIDEO_BYTES <= entry.end:
            name_at = entry.start + _COMPRESSOR_AT
            revision.zero(name_at, name_at + _COMPRESSOR_BYTES, "software")
            revision.zero(entry.start + _VENDOR_AT, entry.start + _VENDOR_AT + 4, "software")
            _free_within(revision, entry.start + _VIDEO_BYTES, entry.end)
        elif is_audio and entry.start + _AUDIO_BYTES[0] <= entry.end:
            revision.zero(entry.start + _VENDOR_AT, entry.start + _VENDOR_AT + 4, "software")
            version = revision.source.number(entry.start + 8, 2)
            _free_within(revision, entry.start + _AUDIO_BYTES.get(version, 28), entry.end)
        yield entry.kind


def _free_within(revision: Revision, start: int, end: int) -> None:
    """Of the boxes behind an entry's fields a decoder may need any, but for those that only tell."""
    for box in boxes(revision, start, end):
        if box.kind in _TELLING:
            free(revision, box)
        elif box.kind in _NAMED and box.end - box.start >= _NAME_BYTES:
            revision.zero(box.start, box.start + _NAME_BYTES, "software")
