"""PDFs lose what they tell about themselves, show their first page, and harm nobody."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile

import pikepdf
import pytest
from PIL import Image

from media_service.domain.files import ProcessedFile
from media_service.pdf_processing import results
from media_service.pdf_processing.child import process as process_here
from media_service.pdf_processing.processes import Limits, PdfProcesses
from media_service.pdf_processing.results import CleanedPdf, FirstPage
from tests.asgi import WAIT_S_MAX
from tests.media_service.pdfs import attached, endless, information_of, pdf, signed

ROOT = Path(__file__).parents[2]
ENCRYPTION = pikepdf.Encryption(owner="owner", user="reader")


def processed(data: bytes, limits: Limits | None = None) -> tuple[ProcessedFile, bytes]:
    with TemporaryFile() as file:
        file.write(data)
        made = PdfProcesses(limits).process(file, len(data))
        with made.content:
            content = made.content.read()
    assert len(content) == made.size
    return made, content


def test_what_a_pdf_tells_goes_and_its_first_page_is_shown() -> None:
    made, content = processed(pdf(pages=3))
    assert made.cleaned
    assert {"author", "description", "software", "timestamp", "xmp", "gps", "camera"} <= set(made.removed)
    assert information_of(content) == (3, False, False)
    assert b"Exif" not in content
    sizes = {side: Image.open(io.BytesIO(data)).size for side, data in made.thumbnails.items()}
    assert sizes == {320: (320, 160), 1024: (1024, 512)}


def test_what_is_clean_stays_clean() -> None:
    _, content = processed(pdf())
    made, _ = processed(content)
    assert made.cleaned
    assert made.removed == ()


def test_attachments_tell_whatever_they_tell() -> None:
    made, content = processed(pdf(attached))
    assert not made.cleaned
    assert "author" in made.removed
    assert b"notes.txt" in content


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pdf(signed), id="signed"),
        pytest.param(pdf(encryption=ENCRYPTION), id="encrypted"),
        pytest.param(b"%PDF-1.7\n" + b"0" * 1000, id="broken"),
        pytest.param(pdf()[:2000], id="cut off"),
    ],
)
def test_what_must_not_or_cannot_be_changed_is_kept_as_it_came(data: bytes) -> None:
    made, content = processed(data)
    assert not made.cleaned
    assert made.removed == ()
    assert content == data


def test_a_signed_pdf_is_shown_and_an_encrypted_one_is_not() -> None:
    assert processed(pdf(signed))[0].thumbnails
    assert not processed(pdf(encryption=ENCRYPTION))[0].thumbnails


def test_a_page_that_never_ends_is_ended() -> None:
    made, content = processed(endless(), Limits(cpu_s_max=2, wall_s_max=20))
    assert not made.thumbnails
    assert made.cleaned
    assert information_of(content)[1:] == (False, False)


def test_a_process_that_takes_too_long_is_killed() -> None:
    data = endless()
    made, content = processed(data, Limits(cpu_s_max=60, wall_s_max=0.01))
    assert not made.cleaned
    assert content == data


def test_nobody_waits_for_processes_that_are_no_longer_wanted() -> None:
    processes = PdfProcesses(Limits(cpu_s_max=100, wall_s_max=100))
    data = endless()
    with TemporaryFile() as file, ThreadPoolExecutor(1) as threads:
        file.write(data)
        made = threads.submit(processes.process, file, len(data))
        processes.close()
        assert made.result(WAIT_S_MAX).thumbnails == {}
        made.result().content.close()


def test_nonsense_of_a_process_is_not_believed() -> None:
    told = io.BytesIO(b"\0\0\0\3abc")
    with pytest.raises(ValueError):
        list(results.read(told))


def test_half_a_result_is_none() -> None:
    told = io.BytesIO()
    results.write(CleanedPdf(size=1, removed=(), cleaned=True), told)
    results.write(FirstPage({320: b"webp"}), told)
    cut = io.BytesIO(told.getvalue()[:-1])
    assert list(results.read(cut)) == [CleanedPdf(size=1, removed=(), cleaned=True)]


def test_the_process_tells_what_it_did() -> None:
    cleaned, told = io.BytesIO(), io.BytesIO()
    process_here(io.BytesIO(pdf()), cleaned, told)
    result, page = results.read(told)
    assert isinstance(result, CleanedPdf)
    assert result.cleaned
    assert result.size == len(cleaned.getvalue())
    assert isinstance(page, FirstPage)


@pytest.mark.parametrize(
    "act",
    ["open('/dev/null')", "socket.socket()", "bytearray(2 << 30)"],
)
def test_the_process_can_open_and_reach_nothing(act: str) -> None:
    imports = "import os, socket; from media_service.pdf_processing.child import limit"
    code = f"{imports}\nlimit(5)\ntry:\n    {act}\nexcept (OSError, MemoryError):\n    os._exit(7)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert ended.returncode == 7


def test_whoever_starts_it_does_not_load_its_libraries() -> None:
    code = "import sys, media_service.file_processor as _; print(sorted({'pikepdf', 'pypdfium2'} & sys.modules.keys()))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
