"""Decoding: from the bytes of a file to a frame no wider than wanted, and a JPEG from a frame."""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from video_service.domain.image_headers import Format, Header
from video_service.domain.refusals import BrokenFrame

Frame: TypeAlias = NDArray[np.uint8]

# libjpeg leaves out the finest waves of each block: half the size takes a third less time than the whole. And its
# brightness is there without the colours.
_COLOUR = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}
_GRAY = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    1: cv2.IMREAD_GRAYSCALE,
}
_EXIF_WITHIN_BYTES = 4096

# A JPEG without its end of image, as some webcams send them, is shown if so much of it is there.
ROWS_SHARE_MIN = 0.95
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_FILLER = bytes(pow(3, n, 257) % 255 for n in range(256)) * 64  # any bytes but 0xFF, and more than one block takes


def decode(image: bytes, header: Header, *, width_max: int, as_gray: bool) -> Frame:
    """The picture, upright, scaled down to `width_max`. Raises BrokenFrame."""
    if header.may_be_transparent:
        return _fit(_on_black(_decoded(image, cv2.IMREAD_UNCHANGED), as_gray=as_gray), width_max)
    return _fit(_decoded(image, (_GRAY if as_gray else _COLOUR)[_divisor(image, header, width_max)]), width_max)


def _decoded(image: bytes, flags: int) -> Frame:
    frame = _find_decoded(image, flags)
    if frame is None and image.startswith(_SOI):
        frame = _decoded_without_end(image.rstrip(b"\xff"), flags)
    if frame is None:
        raise BrokenFrame
    return frame


def _find_decoded(image: bytes, flags: int) -> Frame | None:
    try:
        return cv2.imdecode(np.frombuffer(image, np.uint8), flags)  # type: ignore[return-value] # a PNG's may be uint16
    except cv2.error:
        return None


def _decoded_without_end(jpeg: bytes, flags: int) -> Frame | None:
    """None where less than ROWS_SHARE_MIN is there.

    libjpeg paints what is missing grey, and does not say so. The first row that differs when other bytes follow is the
    first that the frame does not tell.
    """
    frame = _find_decoded(jpeg + _EOI, flags)
    other = _find_decoded(jpeg + _FILLER, flags)  # without an end after it: of that libjpeg complains on stderr
    if other is None:
        other = _find_decoded(jpeg + _FILLER + _EOI, flags)
    if frame is None or other is None:
        return None
    rows = frame.shape[0]
    differing = np.flatnonzero((frame != other).reshape(rows, -1).any(axis=1))
    return frame if not differing.size or differing[0] >= ROWS_SHARE_MIN * rows else None


def _on_black(frame: Frame, *, as_gray: bool) -> Frame:
    """As a browser's canvas makes a JPEG of it (HTML §4.12.5.1.15); what is transparent may have any colour."""
    if frame.dtype != np.uint8:
        frame = cv2.convertScaleAbs(frame, alpha=1 / 257)  # type: ignore[assignment]
    if frame.ndim == 2:
        return frame if as_gray else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]
    if frame.shape[2] == 4:
        alpha = cv2.cvtColor(frame[:, :, 3], cv2.COLOR_GRAY2BGR)
        frame = cv2.multiply(frame[:, :, :3], alpha, scale=1 / 255)  # type: ignore[assignment]
    return cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if as_gray else frame  # type: ignore[return-value]


def _divisor(image: bytes, header: Header, width_max: int) -> int:
    """By what a JPEG can be divided while it is decoded, and still be wide enough."""
    if header.format is not Format.JPEG:
        return 1
    is_perhaps_turned = image.find(b"Exif", 0, _EXIF_WITHIN_BYTES) >= 0
    width = min(header.width, header.height) if is_perhaps_turned else header.width
    return next((divisor for divisor in _COLOUR if width >= divisor * width_max), 1)


def _fit(frame: Frame, width_max: int) -> Frame:
    height, width = frame.shape[:2]
    if width <= width_max:
        return frame
    size = (width_max, max(1, round(height * width_max / width)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def encode(frame: Frame, quality: int) -> bytes:
    """The frame as a JPEG of `quality` 1 to 100. Raises BrokenFrame: a side of over 65,500 pixels fits into none."""
    is_encoded, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_encoded:
        raise BrokenFrame
    return encoded.tobytes()
