"""Fragments of an MP4: pieces with tables of their own, as recorders write them (ISO/IEC 14496-12 §8.8)."""

from dataclasses import dataclass

from media_service.domain.recordings.boxes import Box, boxes, free
from media_service.domain.recordings.mp4_tracks import Track
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken

_IN_FRAGMENT = frozenset({b"mfhd", b"traf"})
_IN_TRACK = frozenset({b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio", b"senc"})

_BASE, _DESCRIPTION, _DURATION, _SIZE, _FLAGS, _BASE_IS_MOOF = 0x1, 0x2, 0x8, 0x10, 0x20, 0x20000
_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_EACH_DURATION, _EACH_SIZE, _EACH_FIELD = 0x100, 0x200, (0x100, 0x200, 0x400, 0x800)


@dataclass(slots=True)
class _Run:
    """Where the samples of a track's fragment go on."""

    track: Track
    base: int
    at: int
    duration: int  # of a sample, where it does not say
    size: int
    time: int = 0


class Fragments:
    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._defaults: dict[int, tuple[int, int]] = {}  # duration and size of a sample, by the track's number

    def add_defaults(self, box: Box) -> None:
        number, _, duration, size = (self._number(box, at) for at in (4, 8, 12, 16))
        self._defaults[number] = duration, size

    def read(self, moof: Box, tracks: dict[int, Track]) -> None:
        """Raises Broken."""
        end_of_last: int | None = moof.at
        for box in boxes(self._revision, moof.start, moof.end):
            if box.kind == b"traf":
                end_of_last = self._read_track(moof, box, tracks, end_of_last)
            elif box.kind not in _IN_FRAGMENT:
                free(self._revision, box)

    def _read_track(self, moof: Box, traf: Box, tracks: dict[int, Track], end_of_last: int | None) -> int | None:
        """Where its samples end, from which the next may go on; None of a track that goes."""
        run: _Run | None = None
        for box in boxes(self._revision, traf.start, traf.end):
            if box.kind == b"tfhd":
                run = self._read_header(moof, box, tracks, end_of_last)
            elif box.kind not in _IN_TRACK:
                free(self._revision, box)
            elif box.kind in {b"tfdt", b"trun"}:
                if run is None:
                    raise Broken("a fragment of it has no header")
                self._read_samples(box, run) if box.kind == b"trun" else self._read_time(box, run)
        if run is None:
            return end_of_last
        if not run.track.is_kept:
            free(self._revision, traf, "other")
            return None
        return run.at

    def _read_header(self, moof: Box, box: Box, tracks: dict[int, Track], end_of_last: int | None) -> _Run:
        flags, number = self._number(box, 0) & 0xFFFFFF, self._number(box, 4)
        if number not in tracks:
            raise Broken("a fragment of it is of no track")
        at, base = 8, moof.at if flags & _BASE_IS_MOOF else end_of_last
        duration, size = self._defaults.get(number, (0, 0))
        if flags & _BASE:
            base, at = self._revision.source.number(box.start + at, 8), at + 8
        if base is None:
            raise Broken("a fragment goes on where one ends that went")
        at += 4 if flags & _DESCRIPTION else 0
        if flags & _DURATION:
            duration, at = self._number(box, at), at + 4
        if flags & _SIZE:
            size = self._number(box, at)
        track = tracks[number]
        return _Run(track, base, base, duration, size, round(track.fragments_s * track.timescale))

    def _read_time(self, box: Box, run: _Run) -> None:
        run.time = self._revision.source.number(box.start + 4, 8 if self._revision.source.number(box.start, 1) else 4)

    def _read_samples(self, box: Box, run: _Run) -> None:
        flags, count = self._number(box, 0) & 0xFFFFFF, self._number(box, 4)
        at = 8
        if flags & _OFFSET:
            offset, at = self._number(box, at), at + 4
            run.at = run.base + offset - (1 << 32 if offset >> 31 else 0)
        at += 4 if flags & _FIRST_FLAGS else 0
        fields = [field for field in _EACH_FIELD if flags & field]
        length = 4 * len(fields) * count
        if length > box.end - box.start - at:
            raise Broken("a table of it is too long")
        table = memoryview(self._revision.source.read(box.start + at, length))
        if count and not run.size and not flags & _EACH_SIZE:
            raise Broken("it does not say how large its samples are")
        size = _sum(table, fields, _EACH_SIZE) if flags & _EACH_SIZE else count * run.size
        run.time += _sum(table, fields, _EACH_DURATION) if flags & _EACH_DURATION else count * run.duration
        if size:
            run.track.runs.append((run.at, run.at + size))
        run.at += size
        if run.track.timescale:
            run.track.fragments_s = max(run.track.fragments_s, run.time / run.track.timescale)

    def _number(self, box: Box, at: int) -> int:
        if box.start + at + 4 > box.end:
            raise Broken("a field of it is missing")
        return self._revision.source.number(box.start + at, 4)


def _sum(table: memoryview, fields: list[int], field: int) -> int:
    first, step = fields.index(field), len(fields)
    return sum(int.from_bytes(table[at : at + 4], "big") for at in range(4 * first, len(table), 4 * step))
