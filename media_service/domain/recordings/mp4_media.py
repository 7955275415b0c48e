"""The media data of an MP4: what its kept tracks refer to stays, the rest of `mdat` becomes zeros.

So the samples of tracks that were taken out go (a drive's places, for one), and what an editor left between others.
"""

from array import array
from bisect import bisect_right
from itertools import accumulate, pairwise
from sys import byteorder

from media_service.domain.recordings.boxes import Box
from media_service.domain.recordings.mp4_tracks import Track
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import READ_BYTES_MAX, Broken

_CHUNK_WEIGHT = 2  # each is remembered while the others are read
_TYPES = {4: "I", 8: "Q"}


class Media:
    def __init__(self, revision: Revision, mdats: list[Box]) -> None:
        self._revision = revision
        self._mdats = mdats
        self._kept: list[tuple[int, int]] = []
        self._open_starts: list[int] = []  # of chunks whose end no table tells
        self._starts: list[int] = []  # of all chunks, of tracks that go too

    def add(self, track: Track) -> None:
        offsets = self._offsets(track)
        self._revision.count(_CHUNK_WEIGHT * (len(offsets) + len(track.runs)))
        self._starts += offsets
        self._starts += (start for start, _ in track.runs)
        if not track.is_kept:
            return
        self._kept += track.runs
        sizes = self._chunk_sizes(track, len(offsets))
        if sizes is None:
            self._open_starts += offsets
        else:
            self._kept += [(start, start + size) for start, size in zip(offsets, sizes, strict=True) if size]

    def zero_rest(self) -> None:
        self._close_open()
        self._kept.sort()
        self._check_within()
        kept = iter([*self._kept, (self._revision.source.size + 1, 0)])
        start, end = next(kept)
        for mdat in self._mdats:
            at = mdat.start
            while start < mdat.end:
                self._revision.zero(at, max(at, start), "other")
                at = max(at, end)
                start, end = next(kept)
            self._revision.zero(min(at, mdat.end), mdat.end, "other")

    def _close_open(self) -> None:
        """Such a chunk ends where the next begins, or its `mdat` does."""
        bounds = sorted({*self._starts, *(mdat.end for mdat in self._mdats)})
        for start in self._open_starts:
            after = bisect_right(bounds, start)
            if after < len(bounds):
                self._kept.append((start, bounds[after]))

    def _check_within(self) -> None:
        """Outside of `mdat` nothing is played: it might be what was taken out. A chunk may be cut off by the end."""
        starts = [mdat.start for mdat in self._mdats]
        for start, end in self._kept:
            at = bisect_right(starts, start) - 1
            if at < 0 or (end > self._mdats[at].end != self._revision.source.size):
                raise Broken("its media data lie elsewhere")

    # Tables

    def _offsets(self, track: Track) -> list[int]:
        for name, width in ((b"stco", 4), (b"co64", 8)):
            if box := track.tables.get(name):
                return self._table(box, 4, width).tolist()
        return []

    def _table(self, box: Box, at: int, width: int, fields: int = 1) -> "array[int]":
        """The numbers behind their count, which is at `at` of the payload."""
        count = self._revision.source.number(box.start + at, 4) * fields
        start = box.start + at + 4
        if count * width > min(box.end - start, READ_BYTES_MAX):
            raise Broken("a table of it is too long")
        numbers = array(_TYPES[width], self._revision.source.read(start, count * width))
        if byteorder == "little":
            numbers.byteswap()
        return numbers

    def _chunk_sizes(self, track: Track, chunks: int) -> list[int] | None:
        """None where they cannot be told: QuickTime counts sound as samples of one byte, however long they are."""
        if not chunks:
            return []
        counts = self._samples_in_chunks(track, chunks)
        if (box := track.tables.get(b"stsz")) is None:
            return None
        if constant := self._revision.source.number(box.start + 4, 4):
            return [count * constant for count in counts] if track.is_video else None
        ends = array("Q", [0])
        ends.extend(accumulate(self._table(box, 8, 4)))
        firsts = list(accumulate(counts, initial=0))
        if firsts[-1] >= len(ends):
            raise Broken("its tables do not fit together")
        return [ends[after] - ends[first] for first, after in pairwise(firsts)]

    def _samples_in_chunks(self, track: Track, chunks: int) -> list[int]:
        """`stsc` says from which chunk on there are how many."""
        if (box := track.tables.get(b"stsc")) is None:
            raise Broken("a table of it is missing")
        table = self._table(box, 4, 4, fields=3)
        firsts = [first - 1 for first in table[::3]]
        counts: list[int] = []
        for index, count in enumerate(table[1::3]):
            end = firsts[index + 1] if index + 1 < len(firsts) else chunks
            if firsts[index] != len(counts) or not firsts[index] <= end <= chunks:
                raise Broken("its tables do not fit together")
            counts += [count] * (end - firsts[index])
        if len(counts) != chunks:
            raise Broken("its tables do not fit together")
        return counts
