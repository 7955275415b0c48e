"""Files of any kind: pictures become clean or are refused; everything else is what its bytes are, and says so."""

from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from media_service.domain.files import ProcessedFile
from media_service.domain.refusals import BrokenPicture, FileTooLarge, NotAPicture
from media_service.file_processor import FileProcessor
from media_service.pictures import Pictures
from media_service.sent_file import SentFile
from tests.media_service.cleaning.pictures import encoded, painted
from tests.media_service.pdfs import pdf
from tests.media_service.recordings.cleaned import SECRET
from tests.media_service.recordings.files import WHOLE, webm
from tests.media_service.recordings.mp4 import TURNED, VIDEO, fragmented_mp4, mp4

PICTURE = encoded(painted(), "PNG")
TIFF = encoded(painted(), "TIFF")


@pytest.fixture
async def processor() -> AsyncIterator[FileProcessor]:
    pictures = Pictures(pixels_max=10_000, picture_s_max=10)
    made = FileProcessor(pictures=pictures, picture_bytes_max=len(PICTURE))
    yield made
    made.close()
    pictures.close()


async def taken(
    processor: FileProcessor, data: bytes, filename: str = "a", content_type: str = ""
) -> tuple[ProcessedFile, bytes]:
    with closing(SentFile(filename, content_type)) as sent:
        sent.write(data)
        file = await processor.take(sent)
        with file.content:
            content = file.content.read()
    assert len(content) == file.size
    return file, content


async def test_a_picture_is_one_whatever_it_is_called(processor: FileProcessor) -> None:
    file, _ = await taken(processor, PICTURE)
    assert (file.kind, file.content_type, file.cleaned) == ("picture", "image/png", True)
    assert (file.width, file.height) == (48, 32)
    assert file.placeholder
    assert set(file.thumbnails) == {320, 1024}


async def test_a_picture_has_its_own_limit(processor: FileProcessor) -> None:
    with pytest.raises(FileTooLarge):
        await taken(processor, PICTURE + b"\0", "a.bin")


async def test_a_broken_picture_is_refused(processor: FileProcessor) -> None:
    with pytest.raises(BrokenPicture):
        await taken(processor, PICTURE[:100])


@pytest.mark.parametrize(
    "filename,content_type",
    [("a.JPEG", ""), ("a.webp", "text/plain"), ("a.txt", "image/gif"), ("a", "IMAGE/PNG; charset=x")],
)
async def test_what_is_announced_as_a_picture_must_be_one(
    processor: FileProcessor, filename: str, content_type: str
) -> None:
    with pytest.raises(NotAPicture):
        await taken(processor, b"no picture", filename, content_type)


async def test_other_pictures_are_no_documents(processor: FileProcessor) -> None:
    with pytest.raises(NotAPicture):
        await taken(processor, TIFF, "a.tif")


@pytest.mark.parametrize("content_type", sorted(WHOLE))
async def test_recordings_are_cleaned(processor: FileProcessor, content_type: str) -> None:
    file, content = await taken(processor, WHOLE[content_type][0])
    assert file.content_type == content_type
    assert file.kind == content_type.partition("/")[0]
    assert file.cleaned
    assert SECRET not in content


async def test_a_large_recording_is_copied_in_pieces(processor: FileProcessor) -> None:
    large = bytes(range(256)) * 4096
    file, content = await taken(processor, mp4(VIDEO._replace(chunks=(large,)), more=b"\0\0\0\x10free" + SECRET[:8]))
    assert file.cleaned
    assert large in content


async def test_a_turned_video_is_told_as_it_is_shown(processor: FileProcessor) -> None:
    file, _ = await taken(processor, mp4(matrix=TURNED))
    assert (file.kind, file.width, file.height, file.duration_s) == ("video", 360, 640, 3.0)


async def test_a_video_that_claims_weeks_is_not_believed(processor: FileProcessor) -> None:
    file, _ = await taken(processor, mp4(duration=0xFFFFFFF0))
    assert file.duration_s is None


async def test_durations_of_what_was_recorded_live(processor: FileProcessor) -> None:
    assert (await taken(processor, fragmented_mp4()))[0].duration_s == 4.0
    assert (await taken(processor, webm(is_live=True)))[0].duration_s == 1.5


async def test_a_broken_recording_is_kept_as_it_came(processor: FileProcessor) -> None:
    data = mp4()[:60]
    file, content = await taken(processor, data)
    assert (file.kind, file.cleaned, file.removed) == ("video", False, ())
    assert content == data


async def test_a_pdf_is_cleaned_and_shown(processor: FileProcessor) -> None:
    file, content = await taken(processor, pdf())
    assert (file.kind, file.content_type, file.cleaned) == ("document", "application/pdf", True)
    assert set(file.thumbnails) == {320, 1024}
    assert b"Ada" not in content


async def test_plain_text_has_nothing_but_what_is_read(processor: FileProcessor) -> None:
    file, content = await taken(processor, b"hello")
    assert (file.kind, file.content_type, file.cleaned) == ("document", "text/plain; charset=utf-8", True)
    assert content == b"hello"


@pytest.mark.parametrize("data", [b"<svg><script>", b"<html >", b"PK\3\4" + bytes(1 << 20), b"MZ\0\0", b"#!AMR\n\0"])
async def test_the_rest_is_kept_as_it_came_and_says_so(processor: FileProcessor, data: bytes) -> None:
    file, content = await taken(processor, data)
    assert (file.cleaned, file.removed) == (False, ())
    assert content == data
