"""The renderer: from the file of a frame to the JPEG that is shown, and what it remembers of the frames before."""

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import cv2

from video_service.domain.commands import Look
from video_service.domain.image_headers import Header
from video_service.domain.pictures import Face
from video_service.pipeline.decoding import Frame, decode, encode
from video_service.pipeline.faces import find_faces
from video_service.pipeline.motion import Motion
from video_service.pipeline.privacy import Privacy

_GRAY_EFFECTS = frozenset({"grayscale", "edges"})
_BLUR_SIZE = (21, 21)
_EDGES_FROM, _EDGES_SURELY_FROM = 80, 160  # the thresholds of Canny's hysteresis
_BOX_COLOUR, _BOX_PIXELS = (0, 255, 0), 2
cv2.setNumThreads(1)  # none of its own: the workers are as many as there are cores


class Rendered(NamedTuple):
    """`motion` is the share of the picture that has changed, `faces` are in its pixels."""

    jpeg: bytes
    width: int
    height: int
    motion: float
    faces: tuple[Face, ...]


class Renderer:
    def __init__(
        self,
        *,
        find_faces: Callable[[Frame], tuple[Face, ...]] = find_faces,
        encode: Callable[[Frame, int], bytes] = encode,
    ) -> None:
        self._find_faces = find_faces
        self._encode = encode
        self._motion = Motion()
        self._privacy = Privacy()

    def render(self, image: bytes, header: Header, look: Look) -> Rendered:
        """Raises BrokenFrame."""
        frame = decode(image, header, width_max=look.max_width, as_gray=look.effect in _GRAY_EFFECTS)
        motion = self._motion.measure(frame)
        if look.mirror:
            frame = cv2.flip(frame, 1)  # type: ignore[assignment]
        frame, faces = self._apply(look, frame)
        height, width = frame.shape[:2]
        return Rendered(self._encode(frame, look.quality), width, height, motion, faces)

    def _apply(self, look: Look, frame: Frame) -> tuple[Frame, tuple[Face, ...]]:
        """The frame with its effect, and the faces that were looked for."""
        if look.effect == "edges":
            return cv2.Canny(frame, _EDGES_FROM, _EDGES_SURELY_FROM), ()  # type: ignore[return-value]
        if look.effect == "blur":
            return cv2.GaussianBlur(frame, _BLUR_SIZE, 0), ()  # type: ignore[return-value]
        if look.effect not in {"faces", "privacy"}:
            return frame, ()  # grayscale was decoded so
        faces = self._find_faces(frame)
        if look.effect == "privacy":
            self._privacy.blur(frame, faces, monotonic(), is_mirrored=look.mirror)
        else:
            _draw_boxes(frame, faces)
        return frame, faces


def _draw_boxes(frame: Frame, faces: tuple[Face, ...]) -> None:
    for face in faces:
        corner = (face.x + face.width, face.y + face.height)
        cv2.rectangle(frame, (face.x, face.y), corner, _BOX_COLOUR, _BOX_PIXELS)
