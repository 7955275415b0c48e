"""Headers of pictures: format and size are known before anything is decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.problems import Refusal
from tests.video_service.scenes import ground, huge_png, jpeg, png, webp
from video_service.domain.image_headers import JPEG_SCANS_MAX, Format, read_header
from video_service.domain.refusals import BrokenFrame, FrameTooLarge, UnknownFormat

PIXELS_MAX = 16_000_000


@pytest.mark.parametrize(
    "image, kind",
    [
        (jpeg(ground(640, 360)), Format.JPEG),
        (png(ground(640, 360)), Format.PNG),
        (webp(ground(640, 360)), Format.WEBP),
        (webp(ground(640, 360), 101), Format.WEBP),
        (b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0\x7f\x02\0\x67\x01\0", Format.WEBP),
        (b"\xff\xd8\xff\xff\x01\xff\xe0\0\4ab\xff\xc0\0\x11\x08\x01\x68\x02\x80", Format.JPEG),
    ],
)
def test_a_header_tells_format_and_size(image: bytes, kind: Format) -> None:
    assert read_header(image, pixels_max=PIXELS_MAX)[:3] == (kind, 640, 360)


def test_a_lease_of_too_many_pixels_is_believed() -> None:
    with pytest.raises(FrameTooLarge, match="20000 x 20000"):
        read_header(huge_png(), pixels_max=PIXELS_MAX)
    assert read_header(huge_png(4000, 4000), pixels_max=PIXELS_MAX).width == 4000


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + bytes(100), b"RIFF" + bytes(4) + b"AVI " + bytes(100)])
def test_what_is_no_picture_has_no_header(data: bytes) -> None:
    with pytest.raises(UnknownFormat):
        read_header(data, pixels_max=PIXELS_MAX)


@pytest.mark.parametrize(
    "data",
    [
        huge_png(0, 5),
        huge_png()[:20],
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0" + b"\0\2" * 3,
        b"\xff\xd8\xff\xda" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0WEBPALPH" + bytes(20),
    ],
)
def test_a_header_without_a_size_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenFrame):
        read_header(data, pixels_max=PIXELS_MAX)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    image, scan = jpeg(ground(64, 64)), b"\xff\xda"
    full = image + scan * (JPEG_SCANS_MAX - image.count(scan))
    assert read_header(full, pixels_max=PIXELS_MAX).width == 64
    with pytest.raises(BrokenFrame):
        read_header(full + scan, pixels_max=PIXELS_MAX)


@given(st.sampled_from([jpeg(ground(80, 80)), png(ground(80, 80)), webp(ground(80, 80))]), st.data())
def test_no_bytes_make_reading_a_header_fail_otherwise(image: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(image)))
    mangled = image[:at] + data.draw(st.binary(max_size=40)) + image[at : data.draw(st.integers(at, len(image)))]
    try:
        header = read_header(mangled, pixels_max=PIXELS_MAX)
    except Refusal:
        return
    assert 0 < header.width * header.height <= PIXELS_MAX
