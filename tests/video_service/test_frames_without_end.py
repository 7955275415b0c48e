"""JPEGs as some webcams send them, without their end marker: shown if nearly all of them is there."""

import pytest

from tests.video_service.scenes import decoded, distance, jpeg, moving
from video_service.domain.commands import Form, Look, RawFrame
from video_service.domain.pictures import Picture
from video_service.domain.refusals import BrokenFrame
from video_service.pipeline.frame_processor import FrameJob, FrameProcessor, FrameResult


def processed(image: bytes, *, max_width: int = 2000) -> FrameResult:
    look = Look(quality=95, max_width=max_width)
    return FrameProcessor(pixels_max=16_000_000).process(FrameJob(RawFrame(Form.BINARY, image), look, 1))


def picture_of(image: bytes, *, max_width: int = 2000) -> Picture:
    picture = processed(image, max_width=max_width).picture
    assert picture is not None
    return picture


@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_marker_is_shown_whole(missing: int) -> None:
    whole = jpeg(moving(1))
    shown = picture_of(whole[:-missing])
    assert distance(decoded(shown.jpeg), decoded(picture_of(whole).jpeg)) == 0
    assert picture_of(whole[:-missing], max_width=100).caption.width == 100


def without_last_rows(rows: int) -> bytes:
    """A frame of 480 rows whose last ones are not there, as its camera cut it off."""
    frame = moving(1)
    frame[480 - rows :] = 0  # coded in next to nothing, so that what is cut off is all of it
    whole, upper = jpeg(frame), jpeg(frame[: 480 - rows])
    return whole[: whole.index(b"\xff\xda") + len(upper) - upper.index(b"\xff\xda") - 8]


def test_a_jpeg_without_its_end_needs_95_of_100_of_its_rows() -> None:
    most = picture_of(without_last_rows(16)).caption
    assert (most.width, most.height) == (640, 480)
    assert isinstance(processed(without_last_rows(32)).refusal, BrokenFrame)


def test_what_only_begins_as_a_jpeg_is_broken() -> None:
    whole = jpeg(moving(1))
    for cut in (whole[: whole.index(b"\xff\xda") + 4], whole[: len(whole) // 2]):
        assert isinstance(processed(cut).refusal, BrokenFrame)
