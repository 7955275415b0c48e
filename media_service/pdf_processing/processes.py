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


def process(content: IO[bytes], size: int, limits: Limits) -> ProcessedFile:
    """Blocks until the process has ended. The PDF is kept as it came where that fails, or takes too long."""
    content.flush()
    cleaned = TemporaryFile()  # noqa: SIM115 - it is given away
    try:
        told = _told(content, cleaned, limits)
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


class _Told(msgspec.Struct):
    pdf: CleanedPdf = KEPT
    page: FirstPage = FirstPage({})


def _told(content: IO[bytes], cleaned: IO[bytes], limits: Limits) -> _Told:
    told = _Told()
    with TemporaryFile() as written:
        _run((content.fileno(), cleaned.fileno(), written.fileno()), limits)
        try:
            for result in results.read(written):
                if isinstance(result, CleanedPdf):
                    told.pdf = result
                else:
                    told.page = result
        except msgspec.MsgspecError as error:
            log.warning("a process told nonsense of a PDF", reason=repr(error))
    return told


def _run(files: tuple[int, int, int], limits: Limits) -> None:
    command = [sys.executable, "-I", "-c", _START, str(_ROOT), *map(str, files), str(limits.cpu_s_max)]
    try:
        ended = subprocess.run(  # noqa: S603 - our own code, in the interpreter that we run in
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=files,
            env={},
            cwd="/",
            timeout=limits.wall_s_max,
            check=False,
        )
        if ended.returncode:
            log.info("a PDF could not be read", status=ended.returncode)
    except subprocess.TimeoutExpired:
        log.info("a PDF takes too long", seconds=limits.wall_s_max)
