"""Each effect is what OpenCV makes of the same picture; what cannot be processed is refused."""

import io
import resource
import zlib
from functools import partial
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.video_service.processing import CLOSE, in_colour, in_gray, picture_of, seen
from tests.video_service.scenes import Image, decoded, distance, ground, jpeg, moving, png, webp
from video_service.domain.commands import Form, Look, RawFrame
from video_service.domain.image_headers import PNG_CHUNKS_MAX
from video_service.domain.refusals import BrokenFrame, FrameTooLarge
from video_service.pipeline.decoding import encode
from video_service.pipeline.frame_processor import FrameJob, FrameProcessor
from video_service.pipeline.renderer import Renderer

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
