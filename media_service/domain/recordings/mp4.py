"""MP4, MOV, M4A and 3GP (ISO/IEC 14496-12, and Apple's QuickTime File Format).

Nothing moves, since tables say where the media data lie: a box that is not needed to play the file becomes `free`, of
the same length and filled with zeros, and so does each part of `mdat` that no kept track refers to. Lists say what
stays. What an encoder wrote into the streams themselves stays too.
"""

from media_service.domain.recordings import mp4_tracks
from media_service.domain.recordings.boxes import FREE, HEAD_BYTES, Box, box_at, boxes, free
from media_service.domain.recordings.mp4_fragments import Fragments
from media_service.domain.recordings.mp4_media import Media
from media_service.domain.recordings.mp4_tracks import Track
from media_service.domain.recordings.recording import Recording, longest, recording
from media_service.domain.recordings.revision import Revision
from media_service.domain.recordings.source import Broken, Source

_TOP = frozenset({b"ftyp", b"styp", b"mdat", b"moov", b"moof", b"mfra", b"sidx", b"ssix", b"pdin"})
_IN_MOVIE = frozenset({b"mvhd", b"trak", b"mvex", b"iods"})
_IN_EXTENSIONS = frozenset({b"mehd", b"trex", b"leva"})


def clean(source: Source, content_type: str) -> Recording:
    """Raises Broken."""
    reader = _Reader(Revision(source))
    reader.read()
    return reader.recording(content_type)


class _Reader:
    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._tracks: dict[int, Track] = {}
        self._mdats: list[Box] = []
        self._moofs: list[Box] = []
        self._fragments = Fragments(revision)
        self._duration_s = 0.0
        self._has_movie = False

    def read(self) -> None:
        self._read_top()
        if not self._has_movie:
            raise Broken("there is no movie in it")
        for moof in self._moofs:
            self._fragments.read(moof, self._tracks)
        media = Media(self._revision, self._mdats)
        for track in self._tracks.values():
            media.add(track)
        media.zero_rest()

    def recording(self, content_type: str) -> Recording:
        kept = [track for track in self._tracks.values() if track.is_kept]
        if not kept:
            raise Broken("there is nothing to see or hear in it")
        self._revision.is_clean &= not any(track.is_text for track in kept)
        shown = next((track for track in kept if track.is_video), None)
        if shown is None and content_type != "video/quicktime":
            content_type = content_type.replace("video/", "audio/")
        elif shown is not None:
            content_type = content_type.replace("audio/", "video/")
        return recording(
            self._revision,
            content_type,
            has_video=shown is not None,
            size=shown.size if shown else (0, 0),
            duration_s=self._duration_s or longest(track.fragments_s for track in kept),
        )

    def _read_top(self) -> None:
        size, at = self._revision.source.size, 0
        while at < size:
            self._revision.count()
            box = self._box_or_rest(at, size)
            if box is None:
                self._revision.cut(at, size)
                self._revision.tell("trailing_data")
                return
            self._take(box)
            at = box.end

    def _box_or_rest(self, at: int, size: int) -> Box | None:
        """None where something else was hung behind the movie. Of `mdat` the end may be missing."""
        if at + HEAD_BYTES <= size and (box := box_at(self._revision, at, size)).kind.isascii():
            if box.end <= size:
                return box
            if box.kind == b"mdat":
                return box._replace(end=size)
        if self._has_movie:
            return None
        raise Broken("it ends too early")

    def _take(self, box: Box) -> None:
        match box.kind:
            case b"mdat":
                self._mdats.append(box)
            case b"moof":
                self._moofs.append(box)
            case b"moov" if self._has_movie:
                raise Broken("it holds two movies")
            case b"moov":
                self._has_movie = True
                self._read_movie(box)
            case kind if kind in FREE:
                free(self._revision, box, "other")
            case kind if kind not in _TOP:
                free(self._revision, box)

    def _read_movie(self, movie: Box) -> None:
        end = movie.start
        for box in boxes(self._revision, movie.start, movie.end):
            end = box.end
            match box.kind:
                case b"mvhd":
                    self._duration_s = mp4_tracks.times(self._revision, box).duration_s
                case b"trak":
                    self._add(mp4_tracks.read(self._revision, box))
                case b"cmov":
                    raise Broken("its movie is compressed")
                case b"mvex":
                    self._read_extensions(box)
                case kind if kind not in _IN_MOVIE:
                    free(self._revision, box)
        self._revision.zero(end, movie.end, "other")
        self._drop_tracks()

    def _add(self, track: Track) -> None:
        if track.number in self._tracks:
            raise Broken("two tracks have the same number")
        self._tracks[track.number] = track

    def _read_extensions(self, extensions: Box) -> None:
        for box in boxes(self._revision, extensions.start, extensions.end):
            if box.kind == b"trex":
                self._fragments.add_defaults(box)
            elif box.kind not in _IN_EXTENSIONS:
                free(self._revision, box)

    def _drop_tracks(self) -> None:
        """Those that tell, and those that hold chapters, whose names no one sees in the picture."""
        chapters = {number for track in self._tracks.values() for number in track.chapters}
        for track in self._tracks.values():
            track.is_kept = track.is_kept and track.number not in chapters
            if not track.is_kept:
                free(self._revision, track.box)
        for track in self._tracks.values():
            if track.is_kept and any(not self._is_kept(number) for number in track.referred):
                for box in track.references:
                    free(self._revision, box, "other")

    def _is_kept(self, number: int) -> bool:
        return number in self._tracks and self._tracks[number].is_kept
