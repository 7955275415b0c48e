"""Motion: how much of a picture has changed since the one before."""

import cv2

from video_service.pipeline.decoding import Frame

_SIZE = (64, 48)  # compared at this width and height: what moves is larger than a pixel, and noise is not
_CHANGE_MIN = 24  # of 255; a camera's own noise is below


class Motion:
    def __init__(self) -> None:
        self._before: Frame | None = None

    def measure(self, frame: Frame) -> float:
        """The share of the picture that differs from the last one measured, 0 to 1; 0 for the first."""
        small = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_NEAREST)
        gray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        before, self._before = self._before, gray  # type: ignore[assignment]
        if before is None:
            return 0.0
        changed = cv2.countNonZero(cv2.compare(cv2.absdiff(gray, before), _CHANGE_MIN, cv2.CMP_GT))  # type: ignore[call-overload]
        return round(changed / gray.size, 4)
