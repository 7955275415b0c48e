"""Uploads that are refused: pictures that are none or too large, and bodies that are no good multipart."""

import io
import struct
from collections.abc import AsyncIterator

import pytest
from PIL import Image

from tests.media_service.cleaning.pictures import chunk, encoded, painted
from tests.media_service.gallery import PICTURE, Galleries, Gallery, form, part, picture, sizes
from tests.problems import code

SIGNATURE = b"\x89PNG\r\n\x1a\n"
NO_PICTURES = {
    "text": b"Hello there!",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "nothing": b"",
    "pdf": b"%PDF-1.7\n",
    "html": b"<!doctype html><script>alert(1)</script>",
    "tiff": encoded(painted(), "TIFF"),
}


def claiming(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, and has next to none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", b"x\x9c\x03\x00\x00\x00\x00\x01") + chunk(b"IEND")


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose first scan comes again and again."""
    jpeg = encoded(painted("L"), "JPEG", progressive=True)
    start = jpeg.index(b"\xff\xda")
    end = jpeg.index(b"\xff", start + 2)
    while jpeg[end + 1] == 0 or 0xD0 <= jpeg[end + 1] <= 0xD7:
        end = jpeg.index(b"\xff", end + 2)
    others = jpeg.count(b"\xff\xda") - 1
    return jpeg[:start] + jpeg[start:end] * (count - others) + jpeg[end:]


@pytest.fixture(scope="module")
async def refusing(galleries_of_module: Galleries) -> AsyncIterator[Gallery]:
    """For what is refused, so that nothing of it is ever kept."""
    async with galleries_of_module() as running:
        yield running


@pytest.mark.parametrize("kind", NO_PICTURES)
async def test_what_is_announced_as_a_picture_and_is_none_is_refused_by_its_name(refusing: Gallery, kind: str) -> None:
    status, why, detail = await refusing.refuses("Ada", PICTURE, ("holiday.jpg", NO_PICTURES[kind]), picture(1))
    assert (status, why) == (415, "not_a_picture")
    assert "holiday.jpg" in detail


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
async def test_a_truncated_picture_is_refused_by_its_name(refusing: Gallery, kind: str, share: float) -> None:
    whole = encoded(painted(size=(200, 200)), kind)
    status, why, detail = await refusing.refuses(
        "Ada", PICTURE, ("half.jpg", whole[: max(20, int(len(whole) * share))])
    )
    assert (status, why) == (422, "broken_picture")
    assert "half.jpg" in detail
    assert " at 0x" not in detail  # no addresses of ours


async def test_a_refused_name_is_the_cleaned_one(refusing: Gallery) -> None:
    status, why, detail = await refusing.refuses("Ada", ("../../etc/\u202egpj.exe", b"text"))
    assert (status, why) == (415, "not_a_picture")
    assert detail.startswith("'gpj.exe'")


async def test_a_picture_may_have_as_many_pixels_as_the_limit_and_none_more(galleries: Galleries) -> None:
    async with galleries(picture_pixels_max=48) as media:
        for kind in ("JPEG", "PNG", "WEBP", "GIF"):
            assert sizes(await media.upload("Ada", picture(1, (8, 6), kind))) == [(8, 6)]
            status, why, detail = await media.refuses("Ada", ("x.jpg", picture(1, (7, 7), kind)))
            assert (status, why) == (413, "picture_too_large")
            assert "x.jpg" in detail


async def test_what_would_take_gigabytes_to_decode_is_refused_by_its_header(refusing: Gallery) -> None:
    assert (await refusing.refuses("Ada", claiming(60_000, 60_000)))[:2] == (413, "picture_too_large")
    assert (await refusing.refuses("Ada", claiming(2**31 - 1, 2**31 - 1)))[0] in {413, 422}
    assert (await refusing.refuses("Ada", claiming(0, 5)))[:2] == (422, "broken_picture")


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
async def test_of_an_animation_each_frame_may_have_the_pixels_of_a_still(galleries: Galleries, kind: str) -> None:
    frames = [Image.effect_noise((16, 16), 90).convert("RGB") for _ in range(5)]
    options = {"save_all": True, "duration": 50, **({"lossless": True} if kind == "WEBP" else {})}
    moving = encoded(frames[0], kind, append_images=frames[1:], **options)
    async with galleries(picture_pixels_max=16 * 16) as media:
        (kept,) = await media.upload("Ada", moving)
        with Image.open(io.BytesIO((await media.get("Ada", kept["url"])).content)) as image:
            assert getattr(image, "n_frames", 1) == 5
    async with galleries("smaller", picture_pixels_max=16 * 16 - 1) as media:
        assert (await media.refuses("Ada", moving))[:2] == (413, "picture_too_large")


async def test_a_frame_larger_than_its_screen_counts_with_its_own_size(galleries: Galleries) -> None:
    first, second = (bytearray(picture(shade, (10, 10), "GIF")) for shade in (1, 2))
    first[6:10] = struct.pack("<HH", 1, 1)
    frames = encoded(Image.new("P", (4, 4)), "GIF")[:-1] + bytes(second[second.index(b",") : -1]) + b";"
    async with galleries(picture_pixels_max=99) as media:  # four times as many would do for all frames
        assert (await media.refuses("Ada", bytes(first)))[:2] == (413, "picture_too_large")
        assert (await media.refuses("Ada", frames))[:2] == (413, "picture_too_large")


@pytest.mark.parametrize("disposal", [2, 3])
async def test_a_frame_that_is_to_be_undone_is_not_painted_before_its_size_is_known(
    refusing: Gallery, disposal: int
) -> None:
    """Moving on to it, Pillow would fill as much as it says it covers: hundreds of megabytes."""
    dot = picture(1, (1, 1), "GIF")
    control = b"\x21\xf9\x04" + bytes((disposal << 2, 1, 0, 0, 0))
    frame = bytearray(dot[dot.index(b",") : -1])
    frame[5:9] = struct.pack("<HH", 14_140, 14_140)
    status, why, detail = await refusing.refuses("Ada", dot[:-1] + control + bytes(frame) + b";")
    assert (status, why) == (413, "picture_too_large")
    assert "14140 x 14140" in detail
    assert "a frame of it" not in detail  # as it is called when it has been moved on to


async def test_a_jpeg_may_have_a_hundred_scans_and_none_more(media: Gallery) -> None:
    await media.upload("Ada", with_scans(100))
    assert (await media.refuses("Ada", with_scans(101)))[:2] == (413, "picture_too_large")


async def test_an_animation_that_takes_too_long_is_refused(galleries: Galleries) -> None:
    """Tiny frames on a large screen: each costs the whole screen."""
    still = encoded(Image.new("P", (3000, 3000)), "GIF")
    dot = bytes(picture(2, (1, 1), "GIF"))
    frame = b"\x21\xf9\x04\x04\x01\0\0\0" + dot[dot.index(b",") : -1]
    async with galleries(picture_s_max=1) as media:
        status, why, detail = await media.refuses("Ada", still[:-1] + frame * 2_000 + b";")
        assert (status, why) == (413, "picture_too_large")
        assert "1 s; that is the most" in detail


# Bodies that are no good multipart


@pytest.mark.parametrize(
    "body, refusal",
    [
        (form(), (422, "no_files")),
        (form(part(b"only a field", None)), (422, "no_files")),
        (form(part(b"", "")), (422, "no_files")),
        (b"", (400, "malformed")),
        (b"Hello there!", (400, "malformed")),
        (part(PICTURE), (400, "malformed")),
        (part(PICTURE)[:-20], (400, "malformed")),
        (form(part(PICTURE))[:-6], (400, "malformed")),
        (form(part(PICTURE).replace(b"a-boundary", b"b-boundary")), (400, "malformed")),
        (form(part(PICTURE, head={"X-Long": "x" * 9_000})), (400, "malformed")),
        (form(part(PICTURE, head={"x" * 9_000: "1"})), (400, "malformed")),
        (form(part(PICTURE, "x" * 9_000)), (400, "malformed")),
        (form(part(PICTURE, head={f"X-{n}": "x" * 100 for n in range(90)})), (400, "malformed")),
        (form(part(b"x" * 66_000, None), part(PICTURE)), (400, "malformed")),
        (form(*[part(b"", None)] * 1_000, part(PICTURE)), (400, "malformed")),
        (b"--a-boundary\r\nno colon\r\n\r\n", (400, "malformed")),
    ],
)
async def test_a_body_that_is_not_what_it_says_is_refused(
    refusing: Gallery, body: bytes, refusal: tuple[int, str]
) -> None:
    assert code(await refusing.send(body)) == refusal
    assert refusing.count_rows() == (0, 0)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "image/png",
        "application/json",
        "multipart/mixed; boundary=x",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 257,
    ],
)
async def test_a_body_of_another_type_is_refused(refusing: Gallery, content_type: str) -> None:
    assert code(await refusing.send(form(part(PICTURE)), content_type)) == (415, "not_multipart")


async def test_without_a_token_nothing_is_taken(refusing: Gallery) -> None:
    answer = await refusing.post("", PICTURE)
    assert code(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert refusing.count_rows() == (0, 0)
