"""Privacy: faces made unrecognizable, and kept so for a moment where the cascade loses them."""

from typing import NamedTuple

import cv2

from video_service.domain.pictures import Face
from video_service.pipeline.decoding import Frame

KEPT_S = 0.5
_AREAS_MAX = 64  # of faces that were lost; those that are seen are blurred however many they are
_MARGIN_SHARE = 0.2  # of a face, on each side: hair, chin and a little movement
_CELLS = 6  # a face is left with so many by so many shades


class _Area(NamedTuple):
    """In shares of the picture, since its size may change."""

    left: float
    top: float
    right: float
    bottom: float
    seen_at_s: float

    def holds_middle_of(self, other: "_Area") -> bool:
        x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def mirrored(self) -> "_Area":
        return self._replace(left=1 - self.right, right=1 - self.left)


class Privacy:
    """Remembers where faces were."""

    def __init__(self) -> None:
        self._areas: list[_Area] = []
        self._is_mirrored = False

    def blur(self, frame: Frame, faces: tuple[Face, ...], now_s: float, *, is_mirrored: bool = False) -> None:
        """Blur in `frame` where faces are, or were until KEPT_S before `now_s` (monotonic)."""
        if is_mirrored != self._is_mirrored:
            self._is_mirrored = is_mirrored
            self._areas = [area.mirrored() for area in self._areas]
        height, width = frame.shape[:2]
        seen = [_area(face, width, height, now_s) for face in faces]
        lost = [
            area
            for area in self._areas
            if now_s - area.seen_at_s <= KEPT_S and not any(new.holds_middle_of(area) for new in seen)
        ]
        self._areas = [*seen, *lost[:_AREAS_MAX]]
        for area in self._areas:
            _blur(frame, area)


def _area(face: Face, width: int, height: int, now_s: float) -> _Area:
    margin_x, margin_y = face.width * _MARGIN_SHARE, face.height * _MARGIN_SHARE
    return _Area(
        left=max(0.0, (face.x - margin_x) / width),
        top=max(0.0, (face.y - margin_y) / height),
        right=min(1.0, (face.x + face.width + margin_x) / width),
        bottom=min(1.0, (face.y + face.height + margin_y) / height),
        seen_at_s=now_s,
    )


def _blur(frame: Frame, area: _Area) -> None:
    """Few shades stretched over the place: unlike a Gaussian blur, it cannot be undone."""
    height, width = frame.shape[:2]
    left, right = int(area.left * width), -int(-area.right * width // 1)
    top, bottom = int(area.top * height), -int(-area.bottom * height // 1)
    place = frame[top:bottom, left:right]
    shades = cv2.resize(place, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    frame[top:bottom, left:right] = cv2.resize(shades, (place.shape[1], place.shape[0]))
