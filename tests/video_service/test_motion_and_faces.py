"""Motion and faces are what there is to see, and privacy blurs each face."""

from functools import partial
from time import process_time

import cv2
import numpy as np
import pytest

from tests.video_service.processing import CLOSE, in_gray, picture_of
from tests.video_service.scenes import Image, decoded, distance, ground, jpeg, moving, png, with_face
from video_service.domain.pictures import Face
from video_service.pipeline.faces import find_faces
from video_service.pipeline.frame_processor import FrameProcessor
from video_service.pipeline.privacy import KEPT_S, Privacy
from video_service.pipeline.renderer import Renderer

# Motion


def test_motion_is_near_none_for_a_still_and_a_lot_for_a_scene_that_moves() -> None:
    still, active = FrameProcessor(pixels_max=16_000_000), FrameProcessor(pixels_max=16_000_000)
    noise = np.random.default_rng(3).integers(0, 8, (10, 480, 640, 3), dtype=np.uint8)
    stills = [picture_of(jpeg(cv2.add(moving(1), one)), still) for one in noise]  # type: ignore[arg-type]
    actives = [picture_of(jpeg(moving(number)), active) for number in range(10)]
    assert max(picture.caption.motion for picture in stills) < 0.01
    assert stills[0].caption.motion == actives[0].caption.motion == 0
    assert min(picture.caption.motion for picture in actives[1:]) > 0.3


def test_motion_is_1_when_everything_changes_and_does_not_mind_the_size_or_the_effect() -> None:
    frame_processor = FrameProcessor(pixels_max=16_000_000)
    black, white = np.zeros((480, 640, 3), np.uint8), np.full((480, 640, 3), 255, np.uint8)
    picture_of(jpeg(black), frame_processor)
    assert picture_of(jpeg(white), frame_processor, effect="grayscale").caption.motion == 1
    assert picture_of(jpeg(white), frame_processor, max_width=100, mirror=True).caption.motion == 0
    assert picture_of(jpeg(black), frame_processor, effect="edges").caption.motion == 1


# Faces


@pytest.mark.parametrize("size", [100, 160, 240])
@pytest.mark.parametrize("at", [(150, 200), (320, 240)])
def test_a_face_is_found_where_it_is(size: int, at: tuple[int, int]) -> None:
    (face,) = picture_of(jpeg(with_face(at=at, size=size)), effect="faces").caption.faces
    middle = (face.x + face.width / 2, face.y + face.height / 2)
    assert np.hypot(middle[0] - at[0], middle[1] - at[1]) < size / 4
    assert 0.5 * size < face.width < 1.3 * size


def test_faces_are_given_in_pixels_of_the_picture_that_is_shown() -> None:
    image = jpeg(with_face(at=(640, 360), size=300, width=1280, height=720))
    (large,) = picture_of(image, effect="faces", max_width=1280).caption.faces
    (small,) = picture_of(image, effect="faces", max_width=640).caption.faces
    assert large.x == pytest.approx(2 * small.x, abs=24)
    assert large.width == pytest.approx(2 * small.width, abs=24)


def test_where_nobody_is_nobody_is_found() -> None:
    assert picture_of(jpeg(ground()), effect="faces").caption.faces == ()


@pytest.mark.parametrize("size", [(8192, 8), (8, 8192), (1, 1)])
def test_faces_are_looked_for_in_a_picture_of_any_shape(size: tuple[int, int]) -> None:
    image = png(np.zeros((size[1], size[0], 3), np.uint8))
    assert picture_of(image, effect="faces", max_width=8192).caption.faces == ()


def test_a_tower_of_a_picture_is_looked_at_as_long_as_others_are() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (1280, 320, 3), dtype=np.uint8)
    tower = np.tile(noise, (20, 1, 1))
    assert cost_s(tower) < 5 * cost_s(noise)


def cost_s(image: Image) -> float:
    """Of looking for faces in it."""
    started_s = process_time()
    find_faces(image)
    return process_time() - started_s


def test_faces_are_framed() -> None:
    picture = picture_of(jpeg(with_face()), effect="faces")
    (face,) = picture.caption.faces
    blue, green, red = decoded(picture.jpeg)[face.y, face.x + face.width // 2]
    assert green > 180
    assert max(blue, red) < 120


def sharpness(image: Image) -> float:
    return float(cv2.Laplacian(in_gray(image), cv2.CV_64F).var())


def test_privacy_blurs_the_face_and_leaves_the_rest() -> None:
    image = jpeg(with_face(at=(150, 200), size=160))
    picture = picture_of(image, effect="privacy")
    before, after = decoded(image), decoded(picture.jpeg)
    (face,) = picture.caption.faces
    inside = np.s_[face.y : face.y + face.height, face.x : face.x + face.width]
    assert sharpness(after[inside]) < sharpness(before[inside]) / 4
    assert distance(after[:, 320:], before[:, 320:]) < CLOSE
    assert picture_of(picture.jpeg, effect="faces").caption.faces == ()


def test_privacy_blurs_where_a_face_was_for_half_a_second() -> None:
    privacy, checks = Privacy(), np.indices((480, 640)).sum(axis=0) % 2 * 255
    board = np.repeat(checks[:, :, None], 3, axis=2).astype(np.uint8)
    (face,) = picture_of(jpeg(with_face()), effect="faces").caption.faces

    def is_blurred(faces: tuple[object, ...], now_s: float) -> bool:
        frame = board.copy()
        privacy.blur(frame, faces, now_s)  # type: ignore[arg-type]
        return bool(np.ptp(frame[face.y : face.y + face.height, face.x : face.x + face.width]) < 20)

    assert is_blurred((face,), 100.0)
    assert is_blurred((), 100.0 + KEPT_S)
    assert not is_blurred((), 100.0 + KEPT_S + 0.01)


def test_privacy_blurs_every_face_that_is_seen_however_many() -> None:
    frame = np.random.default_rng(7).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    before = frame.copy()
    faces = [Face(x=20 + number % 10 * 120, y=20 + number // 10 * 90, width=60, height=60) for number in range(70)]
    Privacy().blur(frame, tuple(faces), 0.0)
    for face in faces:
        inside = np.s_[face.y : face.y + face.height, face.x : face.x + face.width]
        assert sharpness(frame[inside]) < sharpness(before[inside]) / 4


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_privacy_blurs_where_a_face_was_also_when_the_picture_is_mirrored_from_now_on(*, is_mirrored: bool) -> None:
    image = png(np.random.default_rng(7).integers(0, 256, (480, 640, 3), dtype=np.uint8))
    found: list[tuple[Face, ...]] = [(Face(x=60, y=150, width=120, height=120),), ()]
    new_renderer = partial(Renderer, find_faces=lambda _: found.pop(0))
    frame_processor = FrameProcessor(pixels_max=10**6, new_renderer=new_renderer)
    picture_of(image, frame_processor, effect="privacy", mirror=is_mirrored)
    after = decoded(picture_of(image, frame_processor, effect="privacy", mirror=not is_mirrored).jpeg)
    assert sharpness(after[150:270, 640 - 180 : 640 - 60]) < sharpness(decoded(image)[150:270, 60:180]) / 4


def test_privacy_follows_a_face_without_a_trail() -> None:
    privacy = Privacy()
    (face,) = picture_of(jpeg(with_face()), effect="faces").caption.faces
    frame = with_face()
    for step in range(100):
        privacy.blur(frame, (face,), step / 100)
    assert len(privacy._areas) == 1  # noqa: SLF001 - how much it remembers is inside
