"""Events: what a client is told, as the bytes of its JSON."""

import msgspec

from video_service.domain.commands import NOT_SAID, Effect, Look, Quality, Width
from video_service.domain.pictures import Face, Picture
from video_service.domain.streams import StreamView

DATA_URL = b"data:image/jpeg;base64,"
PONG = b'{"type":"pong"}'
_encode = msgspec.json.Encoder().encode


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="frame"):
    """A picture; `image` is a data URL. `dropped` counts the frames of its connection that were skipped so far."""

    image: msgspec.Raw
    sequence: int
    captured_at: msgspec.Raw | msgspec.UnsetType
    width: int
    height: int
    effect: Effect
    processing_ms: float
    dropped: int
    motion: float
    faces: tuple[Face, ...]


class Configured(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="configured"):
    effect: Effect
    quality: Quality
    max_width: Width
    mirror: bool


class Stream(StreamView, frozen=True, kw_only=True, tag_field="type", tag="stream"):
    """What is watched; `live` is false while its publisher is away."""

    live: bool


class StreamEnded(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="stream_ended"):
    """Its publisher has gone; for so many seconds they may come back, and the watchers stay."""

    name: str
    returns_within_s: int


class Error(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="error", omit_defaults=True):
    """`sequence` is that of the frame for which something was refused, where it is known.

    `skipped`: for so many more, in the second before, the same was not told.
    """

    code: str
    detail: str
    sequence: int | None = None
    skipped: int = 0


def frame(picture: Picture, dropped: int) -> bytes:
    caption = picture.caption
    return _encode(
        Frame(
            image=msgspec.Raw(b'"' + DATA_URL + picture.base64 + b'"'),
            sequence=caption.sequence,
            captured_at=msgspec.UNSET if caption.captured_at == NOT_SAID else caption.captured_at,
            width=caption.width,
            height=caption.height,
            effect=caption.effect,
            processing_ms=caption.processing_ms,
            dropped=dropped,
            motion=caption.motion,
            faces=caption.faces,
        )
    )


def configured(look: Look) -> bytes:
    return _encode(Configured(**msgspec.structs.asdict(look)))


def stream(view: StreamView, *, live: bool) -> bytes:
    return _encode(Stream(**msgspec.structs.asdict(view), live=live))


def stream_ended(name: str, returns_within_s: int) -> bytes:
    return _encode(StreamEnded(name=name, returns_within_s=returns_within_s))


def error(code: str, detail: str, sequence: int | None = None, skipped: int = 0) -> bytes:
    return _encode(Error(code=code, detail=detail, sequence=sequence, skipped=skipped))
