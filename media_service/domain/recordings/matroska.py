"""Matroska and WebM (RFC 9559, in the structure of RFC 8794).

Nothing moves, since a SeekHead and Cues say where things lie: an element that is not needed to play the file becomes
a Void of the same length. Attachments go too, the fonts of subtitles among them: they are shown in another one.
"""

import struct

from media_service.domain.recordings.ebml import CRC, VOID, Element, element_at, elements, void
from media_service.domain.recordings.matroska_tracks import Track, read_tracks
from media_service.domain.recordings.recording import Recording, recording
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken, Source

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_SEEK_HEAD, _INFO, _TRACKS, _CLUSTER, _CUES = 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1F43B675, 0x1C53BB6B
_TAGS, _CHAPTERS, _ATTACHMENTS = 0x1254C367, 0x1043A770, 0x1941A469
_LEVEL_1 = frozenset({_SEEK_HEAD, _INFO, _TRACKS, _CLUSTER, _CUES})
_SECTIONS = _LEVEL_1 | {_TAGS, _CHAPTERS, _ATTACHMENTS}  # what ends a Cluster of unknown size
_IN_HEADER = frozenset({0x4286, 0x42F7, 0x42F2, 0x42F3, 0x4282, 0x4287, 0x4285, 0x4281})
_SEEK, _SEEK_ID = 0x4DBB, 0x53AB
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_WRITERS = {0x4D80, 0x5741}  # MuxingApp and WritingApp have to be there; a text may end in zeros (RFC 8794 §7.4)
_INFO_NAMES = {0x7BA9: "description", 0x4461: "timestamp"}
_CUE_POINT, _CUE_TIME, _CUE_POSITIONS = 0xBB, 0xB3, 0xB7
_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xE7, 0xA3, 0xA0, 0xA1
_IN_CLUSTER = frozenset({_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, 0xA7, 0xAB, 0x5854})
_IN_GROUP = frozenset({_BLOCK, 0x9B, 0xFB, 0xFA, 0xFD, 0x75A2, 0x75A1, 0xA4})
_SCALE_NS = 1_000_000


def clean(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    reader = _Reader(Revision(source))
    reader.read()
    return reader.recording(content_type)


class _Reader:
    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._tracks: dict[int, Track] = {}
        self._scale_ns = _SCALE_NS
        self._duration = 0.0  # in scaled units, as it says
        self._last = 0  # the timestamp of the last block, in the same
        self._time = 0  # that of its Cluster

    def read(self) -> None:
        revision, size = self._revision, self._revision.source.size
        header = element_at(revision, 0, size)
        if header.id != _EBML or header.end > size:
            raise Broken("it has no header")
        self._keep_only(header, _IN_HEADER)
        segment = element_at(revision, header.end, size)
        while segment.id == VOID:
            void(revision, segment, "other")
            segment = element_at(revision, segment.end, size)
        if segment.id != _SEGMENT:
            raise Broken("it has no segment")
        self._read_segment(segment, min(segment.end, size))
        if segment.end < size:
            revision.cut(segment.end, size)
            revision.tell("trailing_data")

    def recording(self, content_type: str) -> Recording:
        kept = [track for track in self._tracks.values() if track.is_kept]
        if not kept:
            raise Broken("there is nothing to see or hear in it")
        shown = next((track for track in kept if track.is_video), None)
        units = self._duration if self._duration > 0 else self._last
        return recording(
            self._revision,
            content_type if shown else content_type.replace("video/", "audio/"),
            has_video=shown is not None,
            size=shown.size if shown else (0, 0),
            duration_s=units * self._scale_ns / 1e9,
        )

    def _read_segment(self, segment: Element, end: int) -> None:
        at = segment.start
        while at < end:
            element = element_at(self._revision, at, end)
            if element.end > end and element.id != _CLUSTER:
                self._revision.cut(at, end)  # a recorder that was stopped
                self._revision.tell("trailing_data")
                return
            at = self._take(element, min(element.end, end))

    def _take(self, element: Element, end: int) -> int:
        """Where the next begins."""
        if element.id == _CLUSTER:
            return self._read_cluster(element, end)
        if not element.is_sized:
            raise Broken("an element of unknown size")
        match element.id:
            case _ if element.id == _INFO:
                self._read_info(element)
            case _ if element.id == _TRACKS:
                self._tracks |= read_tracks(self._revision, element)
            case _ if element.id == _SEEK_HEAD:
                self._read_seek_head(element)
            case _ if element.id == _CUES:
                self._keep_only(element, frozenset({_CUE_POINT}))
            case _:
                void(self._revision, element, "" if element.id == CRC else None)
        return end

    def _keep_only(self, parent: Element, kept: frozenset[int]) -> None:
        """Its other children go, and its checksum, if it changed."""
        before, checksum = self._revision.edits_count, None
        for child in elements(self._revision, parent.start, parent.end):
            if child.id == CRC and checksum is None:
                checksum = child
            elif child.id not in kept:
                void(self._revision, child, None)
        self._drop_checksum(checksum, before)

    def _drop_checksum(self, checksum: Element | None, before: int) -> None:
        if checksum is not None and self._revision.edits_count != before:
            void(self._revision, checksum, "")

    def _read_seek_head(self, head: Element) -> None:
        before, checksum = self._revision.edits_count, None
        for child in elements(self._revision, head.start, head.end):
            if child.id == CRC and checksum is None:
                checksum = child
            elif child.id != _SEEK:
                void(self._revision, child, "other")
            elif not self._sought(child) <= _LEVEL_1:
                void(self._revision, child, "")
        self._drop_checksum(checksum, before)

    def _sought(self, seek: Element) -> set[int]:
        fields = elements(self._revision, seek.start, seek.end)
        return {self._number(field) for field in fields if field.id == _SEEK_ID}

    def _read_info(self, info: Element) -> None:
        before, checksum = self._revision.edits_count, None
        for child in elements(self._revision, info.start, info.end):
            if child.id == CRC and checksum is None:
                checksum = child
            elif child.id == _SCALE:
                self._scale_ns = self._number(child)
            elif child.id == _DURATION:
                self._duration = self._float(child)
            elif child.id in _WRITERS:
                self._revision.zero(child.start, child.end, "software")
            else:
                void(self._revision, child, _INFO_NAMES.get(child.id, "other"))
        self._drop_checksum(checksum, before)

    def _read_cluster(self, cluster: Element, end: int) -> int:
        at = cluster.start
        checksum: Element | None = None
        before = self._revision.edits_count
        while at < end:
            element = element_at(self._revision, at, end)
            if element.id in _SECTIONS and not cluster.is_sized:
                break
            if not element.is_sized:
                raise Broken("an element of unknown size")
            if element.end > end:
                self._cut_short(element, end)
                at = end
                break
            if element.id == CRC and checksum is None:
                checksum = element
            else:
                self._take_in_cluster(element)
            at = element.end
        self._drop_checksum(checksum, before)
        return at

    def _cut_short(self, element: Element, end: int) -> None:
        """The last block of a recording that was broken off stays, as far as it is there."""
        if element.id != _SIMPLE_BLOCK or self._is_dropped(element.start):
            self._revision.cut(element.at, end)
            self._revision.tell("trailing_data")

    def _take_in_cluster(self, element: Element) -> None:
        if element.id not in _IN_CLUSTER:
            void(self._revision, element, None)
        elif element.id == _TIMESTAMP:
            self._time = self._number(element)
        elif element.id == _BLOCK_GROUP:
            self._read_group(element)
        elif element.id == _SIMPLE_BLOCK:
            self._read_block(element, element)

    def _read_group(self, group: Element) -> None:
        for element in elements(self._revision, group.start, group.end):
            if element.id not in _IN_GROUP:
                void(self._revision, element, None)
            elif element.id == _BLOCK and self._read_block(element, group):
                return

    def _read_block(self, block: Element, whole: Element) -> bool:
        """Whether it went, with what it is in: those of tracks that are not kept do."""
        if self._is_dropped(block.start):
            void(self._revision, whole, "other")
            return True
        number_bytes = 9 - self._revision.source.number(block.start, 1).bit_length()
        (time,) = struct.unpack(">h", self._revision.source.read(block.start + number_bytes, 2))
        self._last = max(self._last, self._time + time)
        return False

    def _is_dropped(self, at: int) -> bool:
        if not self._tracks:
            raise Broken("its tracks come behind what is in them")
        number = element_number(self._revision.source.peek(at, 8))
        return number not in self._tracks or not self._tracks[number].is_kept

    def _number(self, element: Element) -> int:
        if element.end - element.start > 8:
            raise Broken("a number of it is too long")
        return self._revision.source.number(element.start, element.end - element.start)

    def _float(self, element: Element) -> float:
        data = self._revision.source.read(element.start, element.end - element.start)
        duration = struct.unpack({4: ">f", 8: ">d"}[len(data)], data)[0] if len(data) in {4, 8} else 0.0
        return float(duration) if 0 <= duration < 1e18 else 0.0


def element_number(data: bytes) -> int:
    """A block begins with its track's number, which has as many bytes as a size would (RFC 9559 §10.1)."""
    length = 9 - data[0].bit_length() if data else 9
    if length > min(8, len(data)):
        raise Broken("a block of no track")
    return int.from_bytes(data[:length], "big") & ((1 << 7 * length) - 1)
