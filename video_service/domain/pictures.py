"""Pictures: what came of a frame, encoded once for all who see it."""

import msgspec
import pybase64

from video_service.domain.commands import NOT_SAID, Effect


class Face(msgspec.Struct, frozen=True):
    """Where a face is, in pixels of the picture."""

    x: int
    y: int
    width: int
    height: int


class Caption(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a picture beside its bytes. `motion` is the share of it that changed, 0 to 1."""

    sequence: int
    captured_at: msgspec.Raw = NOT_SAID
    width: int
    height: int
    effect: Effect
    processing_ms: float
    motion: float
    faces: tuple[Face, ...] = ()


class Picture:
    """A JPEG and its caption."""

    __slots__ = ("_base64", "caption", "jpeg")

    def __init__(self, jpeg: bytes, caption: Caption) -> None:
        self.jpeg = jpeg
        self.caption = caption
        self._base64: bytes | None = None

    @property
    def base64(self) -> bytes:
        """The JPEG in base64, made when it is first asked for."""
        if self._base64 is None:
            self._base64 = pybase64.b64encode(self.jpeg)
        return self._base64
