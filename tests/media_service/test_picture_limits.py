"""What a picture may cost, whose fault it is when it fails, and how small ones are shown."""

import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Iterator

import pytest
from PIL import Image, _imaging

from media_service.domain.cleaning.cleaned import PARTS_MAX
from media_service.domain.files import Picture
from media_service.domain.refusals import BrokenPicture, NotAPicture, PictureTooLarge
from media_service.pictures import Pictures
from servicekit.problems import Unavailable
from tests.media_service.cleaning.pictures import encoded, painted, segment, with_segments

Take = Callable[[bytes], Awaitable[Picture]]


@pytest.fixture
def take() -> Iterator[Take]:
    pictures = Pictures(pixels_max=1_000_000, picture_s_max=20)
    yield lambda data: pictures.take("a picture", lambda: data)
    pictures.close()


def recording(frames: int) -> bytes:
    """Of a screen on which one dot moves."""
    images = [Image.new("P", (1000, 1000)) for _ in range(frames)]
    for number, image in enumerate(images):
        image.putpixel((number, number), 1)
    return encoded(images[0], "GIF", save_all=True, append_images=images[1:], duration=40)


async def test_a_long_recording_of_a_screen_is_taken(take: Take) -> None:
    """One frame at a time is in memory, however many there are; and each takes a moment."""
    assert (await take(recording(60))).width == 1000


async def test_more_parts_than_are_read_is_a_limit_and_named(take: Take) -> None:
    many = with_segments(encoded(painted(), "JPEG"), segment(0xFE, b"") * PARTS_MAX)
    with pytest.raises(PictureTooLarge, match=f"{PARTS_MAX} parts"):
        await take(many)


async def test_the_memory_of_pixels_serves_the_next_picture_and_goes_back_behind_the_last(take: Take) -> None:
    png = encoded(painted(), "PNG")
    before = _imaging.get_stats()["reused_blocks"]
    await asyncio.gather(*(take(png) for _ in range(4 * (os.cpu_count() or 1))))
    assert _imaging.get_stats()["reused_blocks"] > before
    assert _imaging.get_stats()["blocks_cached"] == 0


async def test_the_memory_of_pixels_goes_back_behind_a_broken_picture(take: Take) -> None:
    good = encoded(painted(), "PNG")
    taken = await asyncio.gather(take(good), take(good), take(b"no picture"), return_exceptions=True)
    assert isinstance(taken[-1], NotAPicture)
    assert _imaging.get_stats()["blocks_cached"] == 0


async def test_no_memory_is_not_the_fault_of_the_file() -> None:
    def read() -> bytes:
        raise MemoryError

    pictures = Pictures(pixels_max=1_000_000, picture_s_max=20)
    with pytest.raises(Unavailable, match="no memory"):
        await pictures.take("a picture", read)
    pictures.close()


async def test_what_we_do_not_expect_is_not_the_fault_of_the_file() -> None:
    def read() -> bytes:
        raise LookupError("of ours")

    pictures = Pictures(pixels_max=1_000_000, picture_s_max=20)
    with pytest.raises(LookupError, match="of ours"):
        await pictures.take("a picture", read)
    pictures.close()


async def test_what_a_decoder_does_not_expect_is(take: Take) -> None:
    broken = encoded(painted(), "PNG")
    at = broken.index(b"IDAT") + 20
    with pytest.raises(BrokenPicture):
        await take(broken[:at] + b"?" * 40 + broken[at + 40 :])


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
async def test_pixel_art_has_its_own_colours_when_it_is_small_or_has_few(take: Take, kind: str) -> None:
    small = Image.effect_noise((8, 8), 120).convert("RGB").quantize(16)
    large = small.resize((800, 800), Image.Resampling.NEAREST)
    for image in (small, large):
        thumbnail = (await take(encoded(image, kind))).thumbnails[1024]
        with Image.open(io.BytesIO(thumbnail)) as shown:
            assert shown.convert("RGB").tobytes() == image.convert("RGB").tobytes()


async def test_a_photograph_is_small_when_it_is_shown_small(take: Take) -> None:
    noise = Image.effect_noise((400, 300), 60).convert("RGB")
    picture = await take(encoded(noise, "PNG"))
    assert len(picture.thumbnails[1024]) < len(picture.data) / 2
