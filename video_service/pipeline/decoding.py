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


def decode(image: bytes, header: Header, *, width_max: int, as_gray: bool) -> Frame:
    """The picture, upright, scaled down to `width_max`. Raises BrokenFrame."""
    if header.may_be_transparent:
        return _fit(_on_black(_decoded(image, cv2.IMREAD_UNCHANGED), as_gray=as_gray), width_max)
    return _fit(_decoded(image, (_GRAY if as_gray else _COLOUR)[_divisor(image, header, width_max)]), width_max)


def _decoded(image: bytes, flags: int) -> Frame:
    try:
        frame = cv2.imdecode(np.frombuffer(image, np.uint8), flags)
    except cv2.error:
        raise BrokenFrame from None
    if frame is None:
        raise BrokenFrame
    return frame  # type: ignore[return-value] # uint8, but for a PNG of 16 bits that is not changed


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
