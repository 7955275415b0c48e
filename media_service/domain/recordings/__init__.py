"""Recordings: audio and video files, cleaned without touching what is heard and seen in them.

A format's module reads its headers and tells what to change, as a plan of parts: bytes, zeros and ranges of the
source. Each keeps what it knows to be needed, and takes out whatever else there is. What it cannot take out, it says.
"""

from collections.abc import Callable

from media_service.domain.recordings import aiff, flac, matroska, mp4, mpeg_audio, ogg, riff
from media_service.domain.recordings.recording import Recording
from media_service.domain.recordings.revision import Part, Zeros
from media_service.domain.recordings.source import Broken, Source

__all__ = ["Broken", "Part", "Recording", "Source", "Zeros", "clean", "is_known"]

_MP4 = ("video/mp4", "audio/mp4", "video/quicktime", "video/3gpp", "audio/3gpp", "video/3gpp2", "audio/3gpp2")
_MATROSKA = ("video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska")
_CLEANERS: dict[str, Callable[[Source, str], Recording]] = {
    **dict.fromkeys(_MP4, mp4.clean),
    **dict.fromkeys(_MATROSKA, matroska.clean),
    **dict.fromkeys(("audio/mpeg", "audio/aac"), mpeg_audio.clean),
    "audio/flac": flac.clean,
    **dict.fromkeys(("audio/ogg", "video/ogg", "application/ogg"), ogg.clean),
    "audio/wav": riff.clean_wave,
    "video/x-msvideo": riff.clean_avi,
    "audio/aiff": aiff.clean,
}


def is_known(content_type: str) -> bool:
    """Whether files of that type, as told by their first bytes, are cleaned here."""
    return content_type in _CLEANERS


def clean(source: Source, content_type: str) -> Recording:
    """Raises Broken for what is malformed or truncated, and KeyError where the type is not known."""
    return _CLEANERS[content_type](source, content_type)
