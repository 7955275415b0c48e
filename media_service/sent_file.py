"""A sent file: as it came, on disk until somebody reads it."""

from tempfile import SpooledTemporaryFile
from typing import IO

from media_service.domain.refusals import FileRefusal

_IN_MEMORY_BYTES_MAX = 256 * 1024


class SentFile:
    """`content_type` is what its sender says it is; what it is, its bytes tell."""

    def __init__(self, filename: str, content_type: str = "") -> None:
        self.filename = filename
        self.content_type = content_type
        self.size = 0
        self.refusal: FileRefusal | None = None
        self.content: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY_BYTES_MAX)  # noqa: SIM115 - see `close`

    def write(self, piece: bytes | memoryview) -> None:
        if self.refusal is None:
            self.content.write(piece)
            self.size += len(piece)

    def refuse(self, refusal: FileRefusal) -> None:
        """Hold nothing of it but why."""
        self.refusal = refusal
        self.content.truncate(0)

    def read(self) -> bytes:
        self.content.seek(0)
        return self.content.read()

    def close(self) -> None:
        self.content.close()
