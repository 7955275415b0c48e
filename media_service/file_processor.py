"""The file processor: what is made of a file of any kind that somebody sent.

Pictures, audio, video and PDFs go to those who know them; everything else is kept as it came, and said to be.
"""

import asyncio
import io
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from media_service import recording_processing
from media_service.domain import recordings
from media_service.domain.cleaning import recognize, refused_picture
from media_service.domain.content_types import HEAD_BYTES, content_type_of
from media_service.domain.files import Kind, ProcessedFile
from media_service.domain.recordings import Source
from media_service.domain.refusals import FileTooLarge, NotAPicture
from media_service.pdf_processing.processes import Limits, PdfProcesses
from media_service.pictures import Pictures
from media_service.sent_file import SentFile

PDFS_MAX = 2  # at a time, each with a process of its own
_PICTURE_TYPES = frozenset({"image/jpeg", "image/jpg", "image/pjpeg", "image/png", "image/gif", "image/webp"})
_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_PDF = "application/pdf"

ResultT = TypeVar("ResultT")


class FileProcessor:
    """Takes files as they come; `pictures` is its caller's to close."""

    def __init__(self, *, pictures: Pictures, picture_bytes_max: int, pdf_limits: Limits | None = None) -> None:
        self._pictures = pictures
        self._picture_bytes_max = picture_bytes_max
        self._pdfs = PdfProcesses(pdf_limits)
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "recordings")
        self._pdf_threads = ThreadPoolExecutor(PDFS_MAX, "pdfs")

    async def take(self, sent: SentFile) -> ProcessedFile:
        """Its `content` is that of `sent` where nothing was changed. Raises a FileRefusal."""
        head = await asyncio.to_thread(_head, sent)  # of whatever kind: it waits for no recording
        if recognize(head) is not None:
            return await self._picture(sent)
        kind = refused_picture(head)
        if kind or _is_announced_as_picture(sent):
            raise NotAPicture(sent.filename, kind)
        content_type = await asyncio.to_thread(content_type_of, Source(sent.content, sent.size))
        if content_type == _PDF:
            return await _run(self._pdf_threads, lambda: self._pdfs.process(sent.content, sent.size))
        if recordings.is_known(content_type):
            process = recording_processing.process
            return await _run(self._threads, lambda: process(sent.content, sent.size, content_type))
        return _kept(sent, content_type)

    def close(self) -> None:
        self._pdfs.close()
        self._threads.shutdown()
        self._pdf_threads.shutdown()

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


def _kept(sent: SentFile, content_type: str) -> ProcessedFile:
    """As it came. In plain text there is nothing but what is read."""
    sent.content.seek(0)
    return ProcessedFile(
        kind=_kind_of(content_type),
        content_type=content_type,
        content=sent.content,
        size=sent.size,
        removed=(),
        cleaned=content_type.startswith("text/plain"),
    )


def _kind_of(content_type: str) -> Kind:
    match content_type.partition("/")[0]:
        case "audio":
            return "audio"
        case "video":
            return "video"
    return "document"


async def _run(threads: Executor, work: Callable[[], ResultT]) -> ResultT:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
