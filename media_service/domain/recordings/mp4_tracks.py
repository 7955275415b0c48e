"""The tracks of an MP4: what stays of each, and how large it is shown (ISO/IEC 14496-12 §8.3 to §8.7)."""

from dataclasses import dataclass, field
from typing import NamedTuple

from media_service.domain.recordings.boxes import Box, boxes, free
from media_service.domain.recordings.revision import Revision, Zeros
from media_service.domain.recordings.sample_entries import read_entries
from media_service.domain.recordings.source import Broken

_TEXT_HANDLERS = frozenset({b"subt", b"sbtl", b"text", b"clcp"})
_KEPT_HANDLERS = frozenset({b"vide", b"auxv", b"soun"}) | _TEXT_HANDLERS
_CONTAINERS = frozenset({b"mdia", b"minf", b"stbl", b"dinf", b"edts"})
_KEPT = {
    b"trak": frozenset({b"tkhd", b"edts", b"mdia", b"tref", b"trgr", b"tapt"}),
    b"edts": frozenset({b"elst"}),
    b"mdia": frozenset({b"mdhd", b"hdlr", b"elng", b"minf"}),
    b"minf": frozenset({b"vmhd", b"smhd", b"sthd", b"nmhd", b"gmhd", b"hdlr", b"dinf", b"stbl"}),
    b"dinf": frozenset({b"dref"}),
    b"stbl": frozenset(
        {
            *(b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"stsh", b"sdtp"),
            *(b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"cslg", b"padb", b"stdp", b"stps"),
        }
    ),
}
_NO_TIME = {4: 0xFFFF_FFFF, 8: 0xFFFF_FFFF_FFFF_FFFF}
_SELF_CONTAINED = 1
_REFERENCES_BYTES_MAX = 4096


class Times(NamedTuple):
    timescale: int
    duration_s: float


@dataclass(slots=True)
class Track:
    box: Box
    number: int = 0
    handler: bytes = b""
    timescale: int = 0
    size: tuple[float, float] = (0, 0)  # pixels, as shown
    is_kept: bool = True
    fragments_s: float = 0  # until when its fragments last
    entry_kinds: tuple[bytes, ...] = ()
    tables: dict[bytes, Box] = field(default_factory=dict)  # those of `stbl`, by their names
    references: list[Box] = field(default_factory=list)
    referred: set[int] = field(default_factory=set)
    chapters: set[int] = field(default_factory=set)
    runs: list[tuple[int, int]] = field(default_factory=list)  # start and end of what its fragments refer to

    @property
    def is_video(self) -> bool:
        return self.handler == b"vide"

    @property
    def is_text(self) -> bool:
        """Subtitles, it may be; or where the drone was that took the pictures."""
        return self.handler in _TEXT_HANDLERS


def times(revision: Revision, box: Box) -> Times:
    """Of `mvhd` or `mdhd`, whose times of creation and modification go. Raises Broken."""
    width = _blank_times(revision, box)
    timescale = revision.source.number(box.start + 4 + 2 * width, 4)
    duration = revision.source.number(box.start + 8 + 2 * width, width)
    is_known = timescale and duration != _NO_TIME[width]
    return Times(timescale, duration / timescale if is_known else 0)


def _blank_times(revision: Revision, box: Box) -> int:
    """How many bytes a time has in it."""
    width = 8 if revision.source.number(box.start, 1) else 4
    if box.end < box.start + 4 + 4 * width:
        raise Broken("a header of it is too small")
    revision.zero(box.start + 4, box.start + 4 + 2 * width, "timestamp")
    return width


def read(revision: Revision, box: Box) -> Track:
    """Raises Broken."""
    track = Track(box)
    _read_container(revision, track, box)
    track.is_kept = track.handler in _KEPT_HANDLERS
    return track


def _read_container(revision: Revision, track: Track, container: Box) -> None:
    """What it is in bounds the depth: none of these holds one of its own name."""
    kept = _KEPT[container.kind]
    end = container.start
    for box in boxes(revision, container.start, container.end):
        end = box.end
        if box.kind not in kept:
            free(revision, box)
        elif box.kind in _CONTAINERS:
            _read_container(revision, track, box)
        else:
            _read_box(revision, track, box)
    revision.zero(end, container.end, "other")


def _read_box(revision: Revision, track: Track, box: Box) -> None:
    match box.kind:
        case b"tkhd":
            _read_header(revision, track, box)
        case b"mdhd":
            track.timescale = times(revision, box).timescale
        case b"hdlr":
            _read_handler(revision, track, box)
        case b"tref":
            _read_references(revision, track, box)
        case b"dref":
            _read_data_references(revision, box)
        case b"stsd":
            track.entry_kinds = read_entries(revision, box, is_video=track.is_video, is_audio=track.handler == b"soun")
        case _:
            track.tables[box.kind] = box


def _read_header(revision: Revision, track: Track, box: Box) -> None:
    width = _blank_times(revision, box)
    track.number = revision.source.number(box.start + 4 + 2 * width, 4)
    matrix = box.start + 4 + 2 * width + 8 + width + 16
    turned = not revision.source.number(matrix, 4) and not revision.source.number(matrix + 16, 4)
    shown = revision.source.number(matrix + 36, 4) / 65536, revision.source.number(matrix + 40, 4) / 65536
    track.size = shown[::-1] if turned else shown


def _read_handler(revision: Revision, track: Track, box: Box) -> None:
    if box.end < box.start + 24:
        raise Broken("a handler of it is too small")
    if not track.handler:  # QuickTime has a second one, of the data
        track.handler = revision.source.read(box.start + 8, 4)
    revision.zero(box.start + 12, box.end, "software")


def _read_references(revision: Revision, track: Track, box: Box) -> None:
    track.references.append(box)
    if box.end - box.start > _REFERENCES_BYTES_MAX:
        raise Broken("it refers to too many tracks")
    for reference in boxes(revision, box.start, box.end):
        payload = revision.source.read(reference.start, reference.end - reference.start)
        numbers = {int.from_bytes(payload[at : at + 4], "big") for at in range(0, len(payload), 4)}
        track.referred |= numbers
        if reference.kind == b"chap":
            track.chapters |= numbers


def _read_data_references(revision: Revision, box: Box) -> None:
    """QuickTime writes the path of the file there, in an alias."""
    for reference in boxes(revision, box.start + 8, box.end):
        if not revision.source.number(reference.start, 4) & _SELF_CONTAINED:
            raise Broken("its media data are in another file")
        if not revision.is_blank(reference.start + 4, reference.end):
            revision.put(reference.start + 4, Zeros(reference.end - reference.start - 4))
            revision.tell("other")
