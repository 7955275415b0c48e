"""The processes that read PDFs, from the side of whoever starts them."""

import subprocess
import sys
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from media_service.domain.files import ProcessedFile
from media_service.pdf_processing import results
from media_service.pdf_processing.results import KEPT, CleanedPdf, FirstPage
from servicekit.logs import get_logger

_ROOT = Path(__file__).parents[2]
_CHILD = "media_service.pdf_processing.child"
_START = f"import sys; sys.path.insert(0, sys.argv[1]); from {_CHILD} import main; main(*map(int, sys.argv[2:]))"
_CONTENT_TYPE = "application/pdf"
log = get_logger(__name__)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    cpu_s_max: int = 15
    wall_s_max: float = 30


class PdfProcesses:
    """One for each PDF; whoever calls is a thread that waits for it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_closed = False

    def process(self, content: IO[bytes], size: int) -> ProcessedFile:
        """Blocks until it has ended. The PDF is kept as it came where that fails, or takes too long."""
        content.flush()
        cleaned = TemporaryFile()  # noqa: SIM115 - it is given away
        try:
            told = self._told(content, cleaned)
            is_written = told.pdf.size > 0 and cleaned.seek(0, SEEK_END) == told.pdf.size
        except BaseException:
            cleaned.close()
            raise
        if not is_written:
            cleaned.close()
        kept = cleaned if is_written else content
        kept.seek(0)
        return ProcessedFile(
            kind="document",
            content_type=_CONTENT_TYPE,
            content=kept,
            size=told.pdf.size if is_written else size,
            removed=told.pdf.removed if is_written else (),
            cleaned=is_written and told.pdf.cleaned,
            thumbnails=told.page.thumbnails,
        )

    def close(self) -> None:
        """Those that run end now, so that nobody waits for them."""
        self._is_closed = True
        for running in list(self._running):
            running.kill()

    def _told(self, content: IO[bytes], cleaned: IO[bytes]) -> "_Told":
        told = _Told()
        with TemporaryFile() as written:
            self._run((content.fileno(), cleaned.fileno(), written.fileno()))
            try:
                for result in results.read(written):
                    if isinstance(result, CleanedPdf):
                        told.pdf = result
                    else:
                        told.page = result
            except msgspec.MsgspecError as error:
                log.warning("a process told nonsense of a PDF", reason=repr(error))
        return told

    def _run(self, files: tuple[int, int, int]) -> None:
        command = [sys.executable, "-I", "-c", _START, str(_ROOT), *map(str, files), str(self._limits.cpu_s_max)]
        nowhere = subprocess.DEVNULL
        with subprocess.Popen(  # noqa: S603 - our own code, in the interpreter that we run in
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, pass_fds=files, env={}, cwd="/"
        ) as running:
            self._running.add(running)
            try:
                if self._is_closed:
                    running.kill()
                if status := running.wait(self._limits.wall_s_max):
                    log.info("a PDF could not be read", status=status)
            except subprocess.TimeoutExpired:
                log.info("a PDF takes too long", seconds=self._limits.wall_s_max)
                running.kill()
            finally:
                self._running.discard(running)


class _Told(msgspec.Struct):
    pdf: CleanedPdf = KEPT
    page: FirstPage = FirstPage({})
