"""The process that reads one PDF: it gets three open files, and may then open none itself, nor reach anything.

Its libraries are large, and read what strangers have made. So it is one process for each PDF, with limits on its time,
memory and output; what it says is read when it has ended, however it ended.
"""

import io
import resource
from contextlib import suppress
from typing import BinaryIO

from media_service.pdf_processing import results
from media_service.pdf_processing.cleaning import blank, clean
from media_service.pdf_processing.rendering import Unshowable, count_pages, render
from media_service.pdf_processing.results import KEPT, CleanedPdf

_MEMORY_BYTES_MAX = 1 << 30
_OUTPUT_BYTES_MAX = 256 << 20


def main(source_fd: int, cleaned_fd: int, results_fd: int, cpu_s_max: int) -> None:
    """Of the parent's `Limits`."""
    _load()
    limit(cpu_s_max)
    with (
        open(source_fd, "rb") as source,
        open(cleaned_fd, "w+b") as cleaned,
        open(results_fd, "w+b") as told,
    ):
        process(source, cleaned, told)


def process(source: BinaryIO, cleaned: BinaryIO, told: BinaryIO) -> None:
    """A page that cannot be shown does not make the cleaning undone."""
    result = _cleaned(source, cleaned)
    results.write(result, told)
    with suppress(Unshowable):
        results.write(render(cleaned if result.size else source), told)


def _cleaned(source: BinaryIO, cleaned: BinaryIO) -> CleanedPdf:
    """What was damaged is repaired on the way: as another reader sees it, no page may be lost in that."""
    try:
        source.seek(0)
        result = clean(source, cleaned)
        is_whole = result.size > 0 and count_pages(cleaned) == count_pages(source)
    except Exception:  # noqa: BLE001 - the libraries raise whatever comes to them; its first page may be shown all the same
        return KEPT
    return result if is_whole else KEPT


def _load() -> None:
    """What the libraries load when they are first used, once nothing can be opened."""
    page = io.BytesIO()
    blank(page)
    process(page, io.BytesIO(), io.BytesIO())


def limit(cpu_s_max: int) -> None:
    """For the rest of the process."""
    for limit, most in (
        (resource.RLIMIT_CPU, cpu_s_max),
        (resource.RLIMIT_AS, _MEMORY_BYTES_MAX),
        (resource.RLIMIT_FSIZE, _OUTPUT_BYTES_MAX),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),  # of which root takes no notice
        (resource.RLIMIT_NOFILE, 0),  # no file and no socket can be opened from here on
    ):
        resource.setrlimit(limit, (most, most))
