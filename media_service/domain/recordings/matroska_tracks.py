"""The tracks of a Matroska file: how each is coded, and how large it is shown (RFC 9559 §5.1.4)."""

from dataclasses import dataclass

from media_service.domain.recordings.ebml import CRC, Element, elements, void
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken
from media_service.domain.recordings.vorbis_comments import emptied

_ENTRY, _NUMBER, _TYPE, _CODEC, _PRIVATE, _VIDEO, _AUDIO = 0xAE, 0xD7, 0x83, 0x86, 0x63A2, 0xE0, 0xE1
_VIDEO_TYPE, _AUDIO_TYPE, _SUBTITLE_TYPE = 1, 2, 17
_IN_ENTRY = frozenset(
    {
        *(_NUMBER, _TYPE, _CODEC, _PRIVATE, _VIDEO, _AUDIO, CRC),
        *(0x73C5, 0xB9, 0x88, 0x55AA, 0x55AB, 0x55AC, 0x55AD, 0x55AE, 0x55AF, 0x9C, 0x6DE7, 0x6DF8),  # UID, flags
        *(0x23E383, 0x234E7A, 0x23314F, 0x55EE, 0x41E4, 0x22B59C, 0x22B59D),  # durations, additions, language
        *(0x56AA, 0x56BB, 0xE2, 0x6D80, 0xAA, 0x6FAB),  # delays, operations, encodings
    }
)
_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT = 0xB0, 0xBA, 0x54B0, 0x54BA, 0x54B2
_SIZES = frozenset({_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT, _SHOWN_UNIT})
_PRIVATE_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class Track:
    number: int = 0
    type: int = 0
    size: tuple[int, int] = (0, 0)  # pixels, as shown

    @property
    def is_video(self) -> bool:
        return self.type == _VIDEO_TYPE

    @property
    def is_kept(self) -> bool:
        return self.type in {_VIDEO_TYPE, _AUDIO_TYPE, _SUBTITLE_TYPE}


def read_tracks(revision: Revision, tracks: Element) -> dict[int, Track]:
    """By their numbers. Raises Broken."""
    found: dict[int, Track] = {}
    checksum: Element | None = None
    before = revision.edits_count
    for entry in elements(revision, tracks.start, tracks.end):
        if entry.id == CRC and checksum is None:
            checksum = entry
        elif entry.id != _ENTRY:
            void(revision, entry, None)
        else:
            track = _read_entry(revision, entry)
            found[track.number] = track
            if not track.is_kept:
                void(revision, entry, "other")
            elif track.type == _SUBTITLE_TYPE:  # it may say anything, as where the drone was
                revision.is_clean = False
    if checksum is not None and revision.edits_count != before:
        void(revision, checksum, "")
    return found


def _read_entry(revision: Revision, entry: Element) -> Track:
    before = revision.edits_count
    fields = {}
    for field in elements(revision, entry.start, entry.end):
        fields[field.id] = field
        if field.id not in _IN_ENTRY:
            void(revision, field, None)
    codec = fields.get(_CODEC)
    name = revision.source.read(codec.start, min(codec.end - codec.start, 32)).rstrip(b"\0") if codec else b""
    if private := fields.get(_PRIVATE):
        _clean_private(revision, name, private)
    if revision.edits_count != before and CRC in fields:
        void(revision, fields[CRC], "")
    return Track(
        number=_number(revision, fields.get(_NUMBER)),
        type=_number(revision, fields.get(_TYPE)),
        size=_size(revision, fields[_VIDEO]) if _VIDEO in fields else (0, 0),
    )


def _clean_private(revision: Revision, codec: bytes, private: Element) -> None:
    """What a decoder is set up with; of Vorbis, with the comments in it (RFC 9559 §6, the Matroska codec mappings)."""
    if codec == b"A_VORBIS":
        data = revision.source.read(private.start, min(private.end - private.start, _PRIVATE_BYTES_MAX))
        start, end = _second_packet(data)
        if (comments := emptied(data[start:end])) != data[start:end]:
            revision.tell_of(private.start + start, private.start + end)
            revision.put(private.start + start, comments)
    elif codec == b"A_FLAC":
        revision.is_clean = (
            revision.is_clean and private.end - private.start <= 42
        )  # more than the stream's information


def _second_packet(data: bytes) -> tuple[int, int]:
    """Of three, whose sizes are written as in an Ogg page, after their count less one."""
    sizes, at = [0], 1
    while len(sizes) <= 2 and at < len(data):
        sizes[-1] += data[at]
        if data[at] != 255:
            sizes.append(0)
        at += 1
    start, end = at + sizes[0], at + sum(sizes[:2])
    if data[:1] != b"\2" or len(sizes) <= 2 or end > len(data):
        raise Broken("a malformed setup of Vorbis")
    return start, end


def _size(revision: Revision, video: Element) -> tuple[int, int]:
    fields = {field.id: field for field in elements(revision, video.start, video.end)}
    numbers = {id_: _number(revision, field) for id_, field in fields.items() if id_ in _SIZES}
    coded = numbers.get(_WIDTH, 0), numbers.get(_HEIGHT, 0)
    shown = numbers.get(_SHOWN_WIDTH, 0), numbers.get(_SHOWN_HEIGHT, 0)
    return shown if all(shown) and not numbers.get(_SHOWN_UNIT) else coded


def _number(revision: Revision, element: Element | None) -> int:
    if element is None:
        return 0
    if element.end - element.start > 8:
        raise Broken("a number of it is too long")
    return revision.source.number(element.start, element.end - element.start)
