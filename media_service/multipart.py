"""Multipart: the files of a request's body as it comes (RFC 7578). The one home of python-multipart."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import IO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from media_service.domain.filenames import clean_filename
from media_service.domain.refusals import BrokenUpload, FileTooLarge, NotMultipart, TooManyFiles

_IN_MEMORY_BYTES_MAX = 256 * 1024
_HEADER_BYTES_MAX = 8 * 1024
_FIELD_BYTES_MAX = 64 * 1024
_FIELDS_MAX = 100


class SentFile:
    """A file as it was sent; its content waits on disk until somebody reads it."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.size = 0
        self._content: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY_BYTES_MAX)  # noqa: SIM115 - see `close`

    def write(self, piece: memoryview) -> None:
        self._content.write(piece)
        self.size += len(piece)

    def read(self) -> bytes:
        self._content.seek(0)
        return self._content.read()

    def close(self) -> None:
        self._content.close()


class Form:
    """Takes the body piece by piece and gives each file when it is whole; fields that are no files are passed over.

    Raises NotMultipart, BrokenUpload, FileTooLarge or TooManyFiles.
    """

    def __init__(self, content_type: str, *, file_bytes_max: int, files_max: int) -> None:
        self._file_bytes_max = file_bytes_max
        self._files_max = files_max
        self._parts_begun = 0
        self._files_begun = 0
        self._field_bytes = 0
        self._header_name = b""
        self._header_value = b""
        self._header_bytes = 0
        self._disposition = b""
        self._file: SentFile | None = None
        self._whole: list[SentFile] = []
        self._is_ended = False
        self._parser = MultipartParser(
            _boundary(content_type),
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    async def files(self, body: AsyncIterator[bytes]) -> AsyncGenerator[SentFile, None]:
        """The files in their order; each is gone when the next is asked for."""
        try:
            async for piece in body:
                self._feed(piece)
                while self._whole:
                    with closing(self._whole.pop(0)) as file:
                        yield file
            if not self._is_ended:
                raise BrokenUpload("The body ends in the middle.")
        finally:
            self.close()

    def _feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except MultipartParseError as error:
            raise BrokenUpload(f"The body is not valid multipart: {error}") from None

    def close(self) -> None:
        """Give up what is not whole, or was not taken."""
        for file in [*self._whole, *([self._file] if self._file else [])]:
            file.close()

    # What the parser tells

    def _on_part_begin(self) -> None:
        self._disposition = b""
        self._header_bytes = 0
        self._parts_begun += 1
        if self._parts_begun - self._files_begun > _FIELDS_MAX:  # empty ones, too, cost their time
            raise BrokenUpload("There are too many fields beside the files.")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._count_header(end - start)

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        self._count_header(end - start)

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _HEADER_BYTES_MAX:
            raise BrokenUpload("The head of a part is too long.")

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        filename = options.get(b"filename")
        if filename:  # without a name it is a field, or the place of a file that nobody chose
            self._files_begun += 1
            if self._files_begun > self._files_max:
                raise TooManyFiles(self._files_max)
            self._file = SentFile(clean_filename(filename.decode(errors="replace")))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._field_bytes += end - start
            if self._field_bytes > _FIELD_BYTES_MAX:
                raise BrokenUpload("The fields beside the files are too long.")
            return
        self._file.write(memoryview(data)[start:end])
        if self._file.size > self._file_bytes_max:
            raise FileTooLarge(self._file.filename, self._file_bytes_max)

    def _on_part_end(self) -> None:
        if self._file is not None:
            self._whole.append(self._file)
            self._file = None

    def _on_end(self) -> None:
        self._is_ended = True


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise NotMultipart
    return options[b"boundary"]
