"""Multipart: the files of a request's body as it comes (RFC 7578)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing

from media_service.domain.filenames import clean_filename
from media_service.domain.refusals import BrokenUpload, FileTooLarge, NotMultipart, TooManyFiles
from media_service.sent_file import SentFile
from servicekit.multipart import MultipartReader, Part
from servicekit.problems import Malformed

_FIELD_BYTES_MAX = 64 * 1024
_FIELDS_MAX = 100


class Form:
    """Takes the body piece by piece and gives each file when it is whole; fields that are no files are passed over.

    Of a file that is too large nothing is held. Raises NotMultipart, BrokenUpload or TooManyFiles.
    """

    def __init__(self, content_type: str, *, file_bytes_max: int, files_max: int) -> None:
        self._file_bytes_max = file_bytes_max
        self._files_max = files_max
        self._parts_begun = 0
        self._files_begun = 0
        self._field_bytes = 0
        self._file: SentFile | None = None
        self._whole: list[SentFile] = []
        try:
            self._reader = MultipartReader(
                content_type,
                on_part=self._on_part,
                on_data=self._on_data,
                on_part_end=self._on_part_end,
            )
        except Malformed:
            raise NotMultipart from None

    async def files(self, body: AsyncIterator[bytes]) -> AsyncGenerator[SentFile, None]:
        """The files in their order; each is gone when the next is asked for."""
        try:
            async for piece in body:
                self._reader.feed(piece)
                while self._whole:
                    with closing(self._whole.pop(0)) as file:
                        yield file
            self._reader.check_end()
        except Malformed as error:
            raise BrokenUpload(str(error)) from None
        finally:
            self.close()

    def close(self) -> None:
        """Give up what is not whole, or was not taken."""
        for file in [*self._whole, *([self._file] if self._file else [])]:
            file.close()

    # What the reader tells

    def _on_part(self, part: Part) -> None:
        self._parts_begun += 1
        if self._parts_begun - self._files_begun > _FIELDS_MAX:  # empty ones, too, cost their time
            raise BrokenUpload("There are too many fields beside the files.")
        if part.filename:  # without a name it is a field, or the place of a file that nobody chose
            self._files_begun += 1
            if self._files_begun > self._files_max:
                raise TooManyFiles(self._files_max)
            if "\0" in part.filename:
                raise BrokenUpload("The name of a file cannot hold the character NUL.")
            self._file = SentFile(clean_filename(part.filename), part.content_type)

    def _on_data(self, data: memoryview) -> None:
        if self._file is None:
            self._field_bytes += len(data)
            if self._field_bytes > _FIELD_BYTES_MAX:
                raise BrokenUpload("The fields beside the files are too long.")
            return
        self._file.write(data)
        if self._file.size > self._file_bytes_max and self._file.refusal is None:
            self._file.refuse(FileTooLarge(self._file.filename, self._file_bytes_max))

    def _on_part_end(self) -> None:
        if self._file is not None:
            self._whole.append(self._file)
            self._file = None
