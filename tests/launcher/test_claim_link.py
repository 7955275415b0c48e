"""The claim link on the launcher's terminal: until there is an owner, and never into a log."""

import asyncio
import io
import os
import pty
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from launcher import claim_link
from launcher.console import Console
from launcher.processes import REPOSITORY
from tests.launcher.launchers import START_TIME_S_MAX, environment, launched

LINK = r"http://127\.0\.0\.1:\d+/claim/[\w-]{22}"


def instance(*, status: int = 200, body: str = "") -> httpx.AsyncClient:
    """A gateway that answers so about the instance."""
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status, text=body)))


async def shown(client: httpx.AsyncClient, data_dir: Path, **more: str) -> str:
    output = io.StringIO()
    given = {"PATH": os.environ["PATH"], "PARLEY_DATA_DIR": str(data_dir), "PARLEY_PUBLIC_URL": "http://127.0.0.1:8000"}
    async with client:
        await claim_link.show(client, "http://127.0.0.1:8000", {**given, **more}, Console(["auth"], output))
    return output.getvalue()


async def test_it_is_shown_with_its_qr_code_where_nobody_owns_the_instance(tmp_path: Path) -> None:
    lines = (await shown(instance(body='{"claimed": false}'), tmp_path)).splitlines()
    assert re.search(rf"Nobody owns this Parley yet\. .*{LINK}$", lines[0])
    assert len(lines) > 15
    assert all("█" in line or "▀" in line or "▄" in line for line in lines[1:])


@pytest.mark.parametrize(
    "status, body", [(200, '{"claimed": true}'), (503, "{}"), (200, "{}"), (200, "nonsense"), (200, "[]")]
)
async def test_it_is_not_shown_where_somebody_does_or_nobody_can_tell(tmp_path: Path, status: int, body: str) -> None:
    assert await shown(instance(status=status, body=body), tmp_path) == ""


async def test_what_fails_is_not_shown_as_a_link(tmp_path: Path) -> None:
    assert await shown(instance(body='{"claimed": false}'), tmp_path, SECRET_KEY="short") == ""


@pytest.fixture
async def on_a_terminal(tmp_path: Path) -> AsyncIterator[str]:
    """What the launcher says there until it has shown the link."""
    terminal, end_of_program = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "launcher"),
        cwd=REPOSITORY,
        env=environment(tmp_path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=end_of_program,
        stderr=end_of_program,
        start_new_session=True,
    )
    os.close(end_of_program)
    try:
        async with asyncio.timeout(START_TIME_S_MAX):
            yield await asyncio.to_thread(read_until, terminal, "/claim/.*\n.*█")
    finally:
        process.terminate()
        await asyncio.to_thread(drain, terminal)
        await process.wait()
        os.close(terminal)


def read_until(terminal: int, pattern: str) -> str:
    seen = ""
    while not re.search(pattern, seen):
        seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


def drain(terminal: int) -> None:
    """Until nobody writes any more, which Linux tells as an error."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="takes the terminal as Linux gives it")
async def test_a_terminal_shows_it_once_all_is_ready(on_a_terminal: str) -> None:
    ready, link = on_a_terminal.index("Parley is ready"), re.search(LINK, on_a_terminal)
    assert link is not None
    assert ready < link.start()


async def test_a_log_names_only_the_command(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        line = await launcher.says("nobody owns this instance yet")
        assert "python -m auth_service admin claim-link" in line
        await launcher.says("Parley is ready")
        launcher.process.terminate()
        assert launcher.process.stdout is not None
        rest = (await launcher.process.stdout.read()).decode()
    assert "/claim/" not in line + rest
