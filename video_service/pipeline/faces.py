"""Faces: where they are, by the Haar cascade that OpenCV brings (Viola and Jones, 2001)."""

import threading
from pathlib import Path

import cv2
import cv2.data

from video_service.domain.pictures import Face
from video_service.pipeline.decoding import Frame

_CASCADE = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
_LOOKED_AT_WIDTH = 320  # wider pictures are looked at in this width: it takes a fifth of the time
_LOOKED_AT_HEIGHT_MAX = 4 * _LOOKED_AT_WIDTH  # a tower of a picture would keep a core busy for half a minute
_FACE_SHARE_MIN = 0.075  # of the width: smaller ones are not looked for
_SCALE_STEP = 1.1
_NEIGHBOURS_MIN = 4

_own = threading.local()  # a classifier has a memory that two threads must not share


def find_faces(frame: Frame) -> tuple[Face, ...]:
    """The faces that look into the camera, in pixels of `frame`."""
    gray = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    height, width = frame.shape[:2]
    scale = min(1.0, _LOOKED_AT_WIDTH / width, _LOOKED_AT_HEIGHT_MAX / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.equalizeHist(cv2.resize(gray, size, interpolation=cv2.INTER_AREA))
    size_min = max(8, round(small.shape[1] * _FACE_SHARE_MIN))
    found = _classifier().detectMultiScale(
        small, scaleFactor=_SCALE_STEP, minNeighbors=_NEIGHBOURS_MIN, minSize=(size_min, size_min)
    )
    return tuple(_face(box, 1 / scale) for box in sorted(map(tuple, found)))


def _classifier() -> cv2.CascadeClassifier:
    if not hasattr(_own, "classifier"):
        _own.classifier = cv2.CascadeClassifier(str(_CASCADE))
    classifier: cv2.CascadeClassifier = _own.classifier
    return classifier


def _face(box: tuple[int, ...], scale: float) -> Face:
    x, y, width, height = (round(length * scale) for length in box)
    return Face(x=x, y=y, width=width, height=height)
