"""A picture as the pipeline makes it, and what is seen of it."""

from typing import Any

import cv2

from tests.video_service.scenes import Image, decoded
from video_service.domain.commands import Form, Look, RawFrame
from video_service.domain.pictures import Picture
from video_service.pipeline.frame_processor import FrameJob, FrameProcessor

CLOSE = 2.0  # what encoding as a JPEG of quality 95 may change, on average, of 255


def picture_of(image: bytes, frame_processor: FrameProcessor | None = None, **look: Any) -> Picture:
    chosen = Look(**{"quality": 95, "max_width": 2000, **look})
    result = (frame_processor or FrameProcessor(pixels_max=16_000_000)).process(
        FrameJob(RawFrame(Form.BINARY, image), chosen, 1)
    )
    assert result.picture is not None, result.refusal
    return result.picture


def seen(image: bytes, **look: Any) -> Image:
    return decoded(picture_of(image, **look).jpeg)


def in_gray(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]


def in_colour(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)  # type: ignore[return-value]
