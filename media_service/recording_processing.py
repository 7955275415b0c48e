"""Recordings: audio and video are cleaned as `domain.recordings` plans it, and copied piece by piece."""

from tempfile import SpooledTemporaryFile
from typing import IO

from media_service.domain import recordings
from media_service.domain.files import Kind, ProcessedFile
from media_service.domain.recordings import Broken, Part, Recording, Source, Zeros
from servicekit.logs import get_logger

_PIECE_BYTES = 256 * 1024
_IN_MEMORY_BYTES_MAX = 256 * 1024
log = get_logger(__name__)


def process(content: IO[bytes], size: int, content_type: str) -> ProcessedFile:
    """Of a type that `recordings.is_known`. What cannot be read is kept as it came, and said to be."""
    try:
        recording = recordings.clean(Source(content, size), content_type)
    except Broken as error:
        log.info("a recording is kept as it came", content_type=content_type, reason=str(error))
        return _kept(content, size, content_type)
    if recording.plan == (range(size),):
        content.seek(0)
        return _processed(recording, content, size, cleaned=recording.cleaned)
    return _copied(recording, content) or _kept(content, size, content_type)


def _copied(recording: Recording, content: IO[bytes]) -> ProcessedFile | None:
    """It is read again: None where it broke, and cleaned if there is nothing left to do."""
    copy = SpooledTemporaryFile(_IN_MEMORY_BYTES_MAX)  # noqa: SIM115 - it is given away
    try:
        size = _copy(content, recording.plan, copy)
        again = recordings.clean(Source(copy, size), recording.content_type)
    except Broken as error:
        copy.close()
        log.info("a recording would break", content_type=recording.content_type, reason=str(error))
        return None
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return _processed(recording, copy, size, cleaned=recording.cleaned and again.cleaned and not again.removed)


def _copy(content: IO[bytes], plan: tuple[Part, ...], copy: IO[bytes]) -> int:
    """How many bytes it has."""
    copied = 0
    for part in plan:
        if isinstance(part, Zeros):
            for at in range(0, part.length, _PIECE_BYTES):
                copied += copy.write(bytes(min(_PIECE_BYTES, part.length - at)))
        elif isinstance(part, range):
            content.seek(part.start)
            for at in range(part.start, part.stop, _PIECE_BYTES):
                copied += copy.write(content.read(min(_PIECE_BYTES, part.stop - at)))
        else:
            copied += copy.write(part)
    return copied


def _processed(recording: Recording, content: IO[bytes], size: int, *, cleaned: bool) -> ProcessedFile:
    return ProcessedFile(
        kind="video" if recording.has_video else "audio",
        content_type=recording.content_type,
        content=content,
        size=size,
        removed=recording.removed,
        cleaned=cleaned,
        width=recording.width,
        height=recording.height,
        duration_s=recording.duration_s,
    )


def _kept(content: IO[bytes], size: int, content_type: str) -> ProcessedFile:
    content.seek(0)
    kind: Kind = "video" if content_type.startswith("video/") else "audio"
    return ProcessedFile(kind=kind, content_type=content_type, content=content, size=size, removed=(), cleaned=False)
