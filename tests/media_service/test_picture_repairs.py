"""What browsers show in spite of its faults is kept; what is not all there is not taken for whole."""

import io
from collections.abc import Awaitable, Callable, Iterator

import pytest
from PIL import Image, ImageChops

from media_service.domain.files import Picture
from media_service.domain.refusals import BrokenPicture
from media_service.pictures import Pictures
from tests.media_service.cleaning.pictures import animation, decoded, encoded, painted

Take = Callable[[bytes], Awaitable[Picture]]
SIDE = 400
ROWS = 16  # of the blocks that are coded together


@pytest.fixture
def take() -> Iterator[Take]:
    pictures = Pictures(pixels_max=1_000_000, picture_s_max=20)
    yield lambda data: pictures.take("a picture", lambda: data)
    pictures.close()


def noise(mode: str = "RGB") -> Image.Image:
    """Each row takes as many bytes as any other."""
    channels = [Image.effect_noise((SIDE, SIDE), 90) for _ in mode]
    return channels[0] if mode == "L" else Image.merge(mode, channels)


def is_seen(one: bytes, other: bytes, rows: int = SIDE) -> bool:
    """Whether the first rows of both are the same."""
    with Image.open(io.BytesIO(one)) as first, Image.open(io.BytesIO(other)) as second:
        box = (0, 0, first.width, rows)
        return ImageChops.difference(first.crop(box), second.crop(box)).getbbox() is None


KINDS = {
    "baseline": encoded(noise(), "JPEG"),
    "progressive": encoded(noise(), "JPEG", progressive=True),
    "grayscale": encoded(noise("L"), "JPEG"),
    "cmyk": encoded(noise("CMYK"), "JPEG"),
    "restarts": encoded(noise(), "JPEG", restart_marker_rows=1),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
async def test_a_jpeg_without_its_end_is_kept_whole(take: Take, kind: str) -> None:
    jpeg = KINDS[kind]
    for cut in (jpeg[:-1], jpeg[:-2]):
        picture = await take(cut)
        assert is_seen(picture.data, jpeg)
        assert picture.data.endswith(b"\xff\xd9")
        assert picture.removed == ()


@each_kind
@pytest.mark.parametrize(
    "trailer", [b"a note of Ada's " * 40, bytes(5000), b"\0\0\1\x0a\x0e\0\0\0Image_UTC_Data\xff\xd8\xff"]
)
async def test_what_was_hung_behind_a_jpeg_without_its_end_goes(take: Take, kind: str, trailer: bytes) -> None:
    jpeg = KINDS[kind]
    picture = await take(jpeg[:-2] + trailer)
    assert is_seen(picture.data, jpeg)
    assert abs(len(picture.data) - len(jpeg)) <= 2
    assert picture.removed == ("trailing_data",)


@pytest.mark.parametrize("kind", ["baseline", "grayscale", "cmyk", "restarts"])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
async def test_a_jpeg_is_kept_if_95_of_100_rows_are_there(take: Take, kind: str, end: bytes) -> None:
    """Whether or not it ends as if it were whole."""
    jpeg = KINDS[kind]
    scan = jpeg.index(b"\xff\xda")
    most = jpeg[: scan + int(0.98 * (len(jpeg) - scan))]
    picture = await take(most + end)
    assert is_seen(picture.data, jpeg, int(0.95 * SIDE))
    assert not is_seen(picture.data, jpeg)
    for share in (0.05, 0.5, 0.9):
        with pytest.raises(BrokenPicture, match="of its rows"):
            await take(jpeg[: scan + 20 + int(share * (len(jpeg) - scan))] + end)


async def test_a_progressive_jpeg_is_kept_if_its_last_scan_is_there(take: Take) -> None:
    jpeg = KINDS["progressive"]
    last = jpeg.rindex(b"\xff\xda")
    assert (await take(jpeg[: last + int(0.98 * (len(jpeg) - last))])).height == SIDE
    with pytest.raises(BrokenPicture, match="of its rows"):
        await take(jpeg[: (last + len(jpeg)) // 2])
    with pytest.raises(BrokenPicture, match="ends too early"):
        await take(jpeg[:last])


async def test_a_picture_that_is_grey_where_others_end_is_whole(take: Take) -> None:
    grey = encoded(Image.new("RGB", (SIDE, SIDE), (128, 128, 128)), "JPEG")
    assert (await take(grey)).data == (await take(grey[:-2])).data == grey


async def test_a_turned_jpeg_has_to_be_there_too(take: Take) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = encoded(noise(), "JPEG", exif=exif)
    assert (await take(jpeg[:-2])).data == (await take(jpeg)).data
    with pytest.raises(BrokenPicture, match="of its rows"):
        await take(jpeg[: len(jpeg) // 2] + b"\xff\xd9")


async def test_of_an_animation_the_frames_are_kept_that_are_whole(take: Take) -> None:
    for kind, mode in (("GIF", "P"), ("PNG", "RGB")):
        whole = animation(kind, mode)
        cut = await take(whole[:-1] if kind == "GIF" else whole[:-12])
        assert decoded(cut.data) == decoded(whole)
        fewer = await take(whole[:-60])
        assert decoded(fewer.data).frames == decoded(whole).frames[:2]


async def test_a_still_that_is_cut_off_is_broken(take: Take) -> None:
    for kind in ("GIF", "PNG", "WEBP"):
        whole = encoded(noise(), kind)
        with pytest.raises(BrokenPicture):
            await take(whole[: len(whole) * 9 // 10])


async def test_a_refusal_names_no_addresses(take: Take) -> None:
    with pytest.raises(BrokenPicture) as refused:
        await take(encoded(painted(), "PNG")[:60])
    assert "0x" not in str(refused.value)
