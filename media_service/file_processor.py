"""The file processor: what is made of a file of any kind that somebody sent.

Pictures, audio, video and PDFs go to those who know them; everything else is kept as it came, and said to be.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

from media_service.domain.cleaning import recognize
from media_service.domain.content_types import HEAD_BYTES, content_type_of
from media_service.domain.files import Kind, ProcessedFile
from media_service.domain.recordings.source import Source
from media_service.domain.refusals import FileTooLarge, NotAPicture
from media_service.pictures import Pictures
from media_service.sent_file import SentFile

_PICTURE_TYPES = frozenset({"image/jpeg", "image/jpg", "image/pjpeg", "image/png", "image/gif", "image/webp"})
_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_REFUSED = (b"II*\0", b"MM\0*")


class FileProcessor:
    """Takes files as they come; `pictures` is its caller's to close."""

    def __init__(self, *, pictures: Pictures, picture_bytes_max: int) -> None:
        self._pictures = pictures
        self._picture_bytes_max = picture_bytes_max
        self._threads = ThreadPoolExecutor(1, "files")

    async def take(self, sent: SentFile) -> ProcessedFile:
        """Its `content` is that of `sent` where nothing was changed. Raises a FileRefusal."""
        head = await asyncio.get_running_loop().run_in_executor(self._threads, _head, sent)
        if recognize(head) is not None:
            return await self._picture(sent)
        if _is_announced_as_picture(sent) or head.startswith(_REFUSED):
            raise NotAPicture(sent.filename)
        return await asyncio.get_running_loop().run_in_executor(self._threads, _document, sent)

    def close(self) -> None:
        self._threads.shutdown()

    async def _picture(self, sent: SentFile) -> ProcessedFile:
        if sent.size > self._picture_bytes_max:
            raise FileTooLarge(sent.filename, self._picture_bytes_max)
        picture = await self._pictures.take(sent.filename, sent.read)
        return ProcessedFile(
            kind="picture",
            content_type=picture.content_type,
            content=io.BytesIO(picture.data),
            size=len(picture.data),
            removed=picture.removed,
            cleaned=True,
            width=picture.width,
            height=picture.height,
            placeholder=picture.placeholder,
            thumbnails=picture.thumbnails,
        )


def _head(sent: SentFile) -> bytes:
    sent.content.seek(0)
    return sent.content.read(HEAD_BYTES)


def _is_announced_as_picture(sent: SentFile) -> bool:
    announced = sent.content_type.partition(";")[0].strip().lower()
    return announced in _PICTURE_TYPES or sent.filename.lower().endswith(_PICTURE_ENDINGS)


def _document(sent: SentFile) -> ProcessedFile:
    content_type = content_type_of(Source(sent.content, sent.size))
    sent.content.seek(0)
    return ProcessedFile(
        kind=_kind_of(content_type),
        content_type=content_type,
        content=sent.content,
        size=sent.size,
        removed=(),
        cleaned=content_type.startswith("text/plain"),  # there is nothing in it but what is read
    )


def _kind_of(content_type: str) -> Kind:
    match content_type.partition("/")[0]:
        case "audio":
            return "audio"
        case "video":
            return "video"
    return "document"
