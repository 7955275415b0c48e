"""Each effect is what OpenCV makes of the same picture; motion and faces are what there is to see."""

import io
import resource
import zlib
from functools import partial
from time import process_time
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.video_service.scenes import Image, decoded, distance, ground, jpeg, moving, png, webp, with_face
from video_service.domain.commands import Form, Look, RawFrame
from video_service.domain.image_headers import PNG_CHUNKS_MAX
from video_service.domain.pictures import Face, Picture
from video_service.domain.refusals import BrokenFrame, FrameTooLarge
from video_service.pipeline.decoding import encode
from video_service.pipeline.faces import find_faces
from video_service.pipeline.frame_processor import FrameJob, FrameProcessor
from video_service.pipeline.privacy import KEPT_S, Privacy
from video_service.pipeline.renderer import Renderer

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


# Effects


@pytest.mark.parametrize("encode", [jpeg, png, webp, lambda image: webp(image, 101)])
def test_none_changes_nothing_whatever_the_format(encode: object) -> None:
    image = encode(moving(1))  # type: ignore[operator]
    assert distance(seen(image), decoded(image)) < CLOSE


def with_alpha(image: Image) -> Image:
    """The left half is transparent, the right half opaque but for its last quarter, of which half is seen."""
    alpha = np.zeros(image.shape[:2], np.uint8)
    alpha[:, image.shape[1] // 2 :] = 255
    alpha[:, image.shape[1] * 7 // 8 :] = 128
    return np.dstack((image, alpha))


@pytest.mark.parametrize("effect", ["none", "grayscale"])
@pytest.mark.parametrize(
    "encode",
    [png, lambda image: png(image.astype(np.uint16) * 257), lambda image: webp(image, 101)],
    ids=["png", "png of 16 bits", "lossless webp"],
)
def test_what_is_transparent_is_black(encode: Any, effect: str) -> None:
    opaque = ground()
    image = encode(with_alpha(opaque))
    left, right, last = np.hsplit(seen(image, effect=effect), [320, 560])
    expected = in_colour(in_gray(opaque)) if effect == "grayscale" else opaque
    assert left[:, :300].max() < 10
    assert distance(right[:, 16:-16], expected[:, 336:544]) < CLOSE
    assert distance(last[:, 16:], expected[:, 576:] // 2) < CLOSE


def test_a_palette_with_a_transparent_colour_is_black_there() -> None:
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 32:] = 1
    made = io.BytesIO()
    palette = PIL.Image.fromarray(pixels, "P")
    palette.putpalette([200, 100, 50, 10, 220, 30])
    palette.save(made, "PNG", transparency=0)
    found = seen(made.getvalue())
    assert found[:, :24].max() < 10
    assert distance(found[:, 40:], np.full((64, 24, 3), (30, 220, 10), np.uint8)) < CLOSE


def test_grayscale_is_the_brightness_of_each_pixel() -> None:
    image = jpeg(moving(1))
    assert distance(seen(image, effect="grayscale"), in_colour(in_gray(decoded(image)))) < CLOSE


@pytest.mark.parametrize("encode", [jpeg, lambda image: png(in_gray(image))])
def test_edges_are_cannys(encode: object) -> None:
    image = encode(moving(1))  # type: ignore[operator]
    expected = cv2.Canny(cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE), 80, 160)  # type: ignore[arg-type]
    found = in_gray(seen(image, effect="edges", quality=100))
    assert np.count_nonzero(expected) > 500
    assert np.array_equal(found > 128, expected > 128)


def test_blur_is_a_gaussian() -> None:
    image = jpeg(moving(1))
    expected = cv2.GaussianBlur(decoded(image), (21, 21), 0)
    assert distance(seen(image, effect="blur"), expected) < CLOSE  # type: ignore[arg-type]


def test_mirror_turns_left_and_right() -> None:
    image = jpeg(moving(1))
    assert distance(seen(image, mirror=True), decoded(image)[:, ::-1]) < CLOSE


@pytest.mark.parametrize("width, expected", [(1280, (360, 640)), (640, (360, 640)), (320, (360, 320))])
def test_wide_pictures_are_scaled_down_and_narrow_ones_stay(width: int, expected: tuple[int, int]) -> None:
    image = jpeg(moving(1, width, 720 if width == 1280 else 360))
    picture = picture_of(image, max_width=640)
    caption = picture.caption
    assert (caption.height, caption.width) == decoded(picture.jpeg).shape[:2] == expected


@pytest.mark.parametrize("divisor", [1, 2, 3, 4, 7, 8, 9])
@pytest.mark.parametrize("effect", ["none", "grayscale"])
def test_decoding_at_a_part_of_the_size_shows_the_same(divisor: int, effect: str) -> None:
    whole = moving(2, 1280, 720)
    width = 1280 // divisor
    found = seen(jpeg(whole), max_width=width, effect=effect)
    expected = cv2.resize(whole, (width, found.shape[0]), interpolation=cv2.INTER_AREA)
    if effect == "grayscale":
        expected = in_colour(in_gray(expected))  # type: ignore[arg-type]
    assert found.shape[1] == width
    assert distance(found, expected) < 3 * CLOSE  # type: ignore[arg-type]


def test_a_better_quality_is_a_larger_and_truer_picture() -> None:
    image = png(moving(1))
    poor, good = picture_of(image, quality=10), picture_of(image, quality=90)
    assert len(poor.jpeg) < len(good.jpeg) / 2
    assert distance(decoded(good.jpeg), decoded(image)) < distance(decoded(poor.jpeg), decoded(image))


def turned(image: bytes, orientation: int) -> bytes:
    """The JPEG with EXIF that says how the camera was held (TIFF 6.0, tag 274)."""
    tag = b"\x01\x12\x00\x03\x00\x00\x00\x01" + orientation.to_bytes(2, "big") + b"\x00\x00"
    exif = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01" + tag + b"\x00\x00\x00\x00"
    return image[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + image[2:]


def test_a_picture_is_turned_upright_and_still_as_wide_as_wanted() -> None:
    image = turned(jpeg(moving(1, 1280, 720)), 6)
    picture = picture_of(image, max_width=640)
    assert (picture.caption.width, picture.caption.height) == (640, 1138)


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


# What cannot be processed


def refusal_of(image: bytes, pixels_max: int = 16_000_000) -> object:
    return FrameProcessor(pixels_max=pixels_max).process(FrameJob(RawFrame(Form.BINARY, image), Look(), 1)).refusal


def test_pixels_are_counted_before_they_are_decoded_on_both_sides_of_the_limit() -> None:
    image = jpeg(ground(400, 400))
    assert refusal_of(image, pixels_max=160_000) is None
    assert isinstance(refusal_of(image, pixels_max=159_999), FrameTooLarge)


@pytest.mark.parametrize("encode", [jpeg, png, webp])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(encode: object, part: float) -> None:
    image: bytes = encode(moving(1))  # type: ignore[operator]
    assert isinstance(refusal_of(image[: int(len(image) * part)]), BrokenFrame)


def test_a_png_takes_no_memory_for_what_it_only_announces() -> None:
    image = png(ground(40, 40))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bomb = image[:33] + (2**30).to_bytes(4, "big") + b"tEXtx"
    assert isinstance(refusal_of(bomb), BrokenFrame)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**16  # KiB


def test_a_png_has_its_end_and_as_many_chunks_as_allowed_and_none_more() -> None:
    image, text = png(ground(40, 40)), b"tEXta\0b"
    chunk = b"\0\0\0\3" + text + zlib.crc32(text).to_bytes(4, "big")
    own = image.count(b"IDAT") + 2

    def with_chunks(count: int) -> bytes:
        return image[:33] + chunk * (count - own) + image[33:]

    assert refusal_of(with_chunks(PNG_CHUNKS_MAX)) is None
    assert isinstance(refusal_of(with_chunks(PNG_CHUNKS_MAX + 1)), BrokenFrame)
    assert isinstance(refusal_of(image[:-12]), BrokenFrame)


def test_a_picture_that_no_jpeg_can_hold_is_refused() -> None:
    with pytest.raises(BrokenFrame):
        encode(np.zeros((70_000, 16, 3), np.uint8), 80)


def test_a_fault_costs_one_frame() -> None:
    faults = [MemoryError()]  # whatever may go wrong inside

    def encode_or_fail(frame: Image, quality: int) -> bytes:
        if faults:
            raise faults.pop()
        return encode(frame, quality)

    frame_processor = FrameProcessor(pixels_max=16_000_000, new_renderer=partial(Renderer, encode=encode_or_fail))
    job = FrameJob(RawFrame(Form.BINARY, jpeg(moving(1))), Look(), 1)
    assert isinstance(frame_processor.process(job).refusal, BrokenFrame)
    assert picture_of(jpeg(moving(1)), frame_processor).caption.width == 640
