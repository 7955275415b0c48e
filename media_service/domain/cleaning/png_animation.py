"""The frames of an APNG, as far as they are whole (W3C PNG §4.11 and §11.3.4)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

CONTROL_BYTES, FRAME_BYTES = 8, 26
_SEQUENCE_BYTES = 4


@dataclass
class _Frame:
    at: int  # where it begins, in the list of what is kept
    area: int
    is_picture: bool  # its pixels are those that are shown without the animation
    has_data: bool = False


class Animation:
    """What acTL announced. With the first frame that is malformed it is over: those behind it are numbered on."""

    def __init__(self, at: int, plays: int) -> None:
        self.at = at  # in the list of what is kept
        self._plays = plays
        self._frames: list[_Frame] = []
        self._is_over = False
        self._sequence = 0  # of the next part: all are numbered through

    def begin(self, payload: bytes, size: tuple[int, int], at: int, *, is_picture: bool) -> bool:
        """Whether a frame begins with the fcTL of this payload."""
        area = _area(payload, size)
        is_next = self._is_next(payload[:_SEQUENCE_BYTES])
        self._is_over = self._is_over or not area or not is_next or not self._has_whole_frames()
        if not self._is_over:
            self._frames.append(_Frame(at, area, is_picture))
        return not self._is_over

    def add(self, payload: bytes | memoryview) -> bool:
        """Whether an fdAT belongs to a frame; it has no payload where it is not whole."""
        if self._is_over or not self._frames or self._frames[-1].is_picture:
            return False
        self._frames[-1].has_data = self._is_next(payload[:_SEQUENCE_BYTES])
        self._is_over = not self._frames[-1].has_data
        return not self._is_over

    def _is_next(self, number: bytes | memoryview) -> bool:
        self._sequence += 1
        return number == struct.pack(">I", self._sequence - 1)

    def add_picture(self) -> None:
        if self._frames:
            self._frames[-1].has_data = True

    def drop_unfinished(self) -> int | None:
        """From where on the last frame has to go from what is kept, if it is not whole."""
        return None if self._has_whole_frames() else self._frames.pop().at

    def drop_last(self) -> int | None:
        """The same of a frame that looks whole; None where there is none but the first."""
        return self._frames.pop().at if len(self._frames) > 1 else None

    def control(self) -> bytes | None:
        """acTL for the frames that there are."""
        return struct.pack(">II", len(self._frames), self._plays) if self._frames else None

    def areas(self, picture: int) -> Sequence[int]:
        """Of all frames, and of the still where that is none of them."""
        areas = [frame.area for frame in self._frames]
        return areas if any(frame.is_picture for frame in self._frames) else [picture, *areas]

    def _has_whole_frames(self) -> bool:
        return not self._frames or self._frames[-1].has_data


def _area(payload: bytes, size: tuple[int, int]) -> int:
    """0 where the frame is malformed, or reaches over the picture's edge."""
    if len(payload) != FRAME_BYTES:
        return 0
    width, height, left, top = struct.unpack_from(">IIII", payload, 4)
    return width * height if left + width <= size[0] and top + height <= size[1] else 0
