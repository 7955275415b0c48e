"""Formats by their first bytes: what is taken, and what never is, by the name that people know it by."""

import pytest

from media_service.domain.cleaning import HEAD_BYTES, Format, recognize, refused_picture
from tests.media_service.cleaning.pictures import encoded, painted


def ftyp(*brands: bytes) -> bytes:
    body = b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands)
    return (len(body) + 4).to_bytes(4, "big") + body + b"\0\0\1\0meta" + bytes(200)


@pytest.mark.parametrize(
    "head, kind",
    [
        (ftyp(b"heic", b"mif1"), Format.HEIF),
        (ftyp(b"heix", b"mif1"), Format.HEIF),
        (ftyp(b"mif1", b"heic"), Format.HEIF),
        (ftyp(b"mif1", b"miaf", b"heic", b"avif"), Format.HEIF),
        (ftyp(b"msf1", b"hevc"), Format.HEIF),
        (ftyp(b"hevm", b"mif1"), Format.HEIF),
        (ftyp(b"mif1"), Format.HEIF),
        (ftyp(b"avif", b"mif1", b"miaf"), Format.AVIF),
        (ftyp(b"avis", b"avif"), Format.AVIF),
        (ftyp(b"mif1", b"avif", b"miaf"), Format.AVIF),
        (encoded(painted(), "BMP"), Format.BMP),
        (ftyp(b"isom", b"mp42", b"avc1"), None),
        (ftyp(b"qt  "), None),
        (ftyp(b"M4A ", b"isom"), None),
        (b"BM, she said, and went on to write a text" + bytes(40), None),
    ],
)
def test_a_picture_that_is_converted_is_recognized_by_its_head(head: bytes, kind: Format | None) -> None:
    assert recognize(head) is recognize(head[:HEAD_BYTES]) is kind
    assert refused_picture(head[:HEAD_BYTES]) is None


@pytest.mark.parametrize(
    "head, kind",
    [
        (encoded(painted(), "TIFF"), "TIFF, or a camera's raw format"),
        (b"MM\0*" + bytes(60), "TIFF, or a camera's raw format"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(50), "a camera's raw format"),
        (ftyp(b"crx ", b"isom"), "a camera's raw format"),
        (b"FUJIFILMCCD-RAW 0201", "a camera's raw format"),
        (b"IIRO\x08\0\0\0", "a camera's raw format"),
        (b"IIU\0\x18\0\0\0", "a camera's raw format"),
        (b"FOVb\1\0\2\0", "a camera's raw format"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a\x10", "JPEG XL"),
        (encoded(painted(), "JPEG2000"), "JPEG 2000"),
        (encoded(painted(), "JPEG2000", no_jp2=True), "JPEG 2000"),
        (ftyp(b"avci", b"mif1"), "HEIF with H.264 in it"),
        (ftyp(b"jpeg", b"mif1"), "HEIF with JPEG in it"),
        (ftyp(b"vvic", b"mif1"), "HEIF with H.266 in it"),
        (b"8BPS\0\1", "a Photoshop file"),
    ],
)
def test_a_picture_that_is_never_kept_is_known_by_its_name(head: bytes, kind: str) -> None:
    assert refused_picture(head) == refused_picture(head[:HEAD_BYTES]) == kind
    assert recognize(head) is None


@pytest.mark.parametrize("text", [b"IIRS report 2024", b"IIRO, again", b"MMOR is short for", b"8BPS stands for"])
def test_a_text_is_no_picture(text: bytes) -> None:
    assert refused_picture(text) is None


@pytest.mark.parametrize("head", [b"", b"II", b"a text", b"%PDF-1.7", b"PK\3\4", ftyp(b"mp42")])
def test_what_is_no_picture_is_neither(head: bytes) -> None:
    assert recognize(head) is None
    assert refused_picture(head) is None
