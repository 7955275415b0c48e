"""`python -m launcher` as its user runs it: real services, real ports, real signals."""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from launcher import ports
from launcher.processes import REPOSITORY
from tests.waiting import eventually

START_TIME_S_MAX = 30


class Launcher:
    """A launcher under test, with its own ports and data."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url

    async def says(self, pattern: str) -> str:
        """The next line that matches."""
        seen = []
        async with asyncio.timeout(START_TIME_S_MAX):
            while line := await self._line():
                seen.append(line)
                if re.search(pattern, line):
                    return line
        raise AssertionError(f"never said {pattern!r}:\n{''.join(seen)}")

    async def ends(self) -> int:
        """Its exit status. Reads on, as a terminal does."""
        async with asyncio.timeout(START_TIME_S_MAX):
            while await self._line():
                pass
            return await self.process.wait()

    async def _line(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode()

    def children(self) -> dict[int, str]:
        """Its processes: id and command line."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = [int(pid) for pid in path.read_text().split()]
        return {pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in pids}


def environment(data_dir: Path) -> dict[str, str]:
    gateway, *others = ports.find_free(5)
    urls = {
        f"PARLEY_{name}_URL": f"http://127.0.0.1:{port}"
        for name, port in zip(("AUTH", "CHAT", "MEDIA", "VIDEO"), others, strict=True)
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    own = {"PARLEY_PORT": str(gateway), "PARLEY_DATA_DIR": str(data_dir), "PARLEY_METRICS_PORT": "0"}
    return {**inherited, **own, **urls}


@asynccontextmanager
async def launched(settings: dict[str, str]) -> AsyncIterator[Launcher]:
    command = (sys.executable, "-m", "launcher")
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        env=settings,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    try:
        yield Launcher(process, f"http://127.0.0.1:{settings['PARLEY_PORT']}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux_only
async def test_ctrl_c_on_the_whole_group_ends_all_of_it_with_status_0(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        await launcher.says(f"Parley is ready: {launcher.url}")
        children = launcher.children()
        assert len(children) == 6  # five services and Valkey
        os.killpg(launcher.process.pid, signal.SIGINT)
        assert await launcher.ends() == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    return (await client.get(f"{url}/readyz")).is_success


@linux_only
async def test_a_killed_service_comes_back_and_sigterm_ends_all(tmp_path: Path) -> None:
    async with launched(environment(tmp_path)) as launcher:
        await launcher.says("Parley is ready")
        (media,) = [pid for pid, command in launcher.children().items() if "media_service" in command]
        os.kill(media, signal.SIGKILL)
        await launcher.says(r"media was ended by SIGKILL, and starts again in 0\.5 s")
        await launcher.says("media .*started")
        async with httpx.AsyncClient(trust_env=False) as client:
            await eventually(lambda: is_ready(client, launcher.url), START_TIME_S_MAX)
        launcher.process.terminate()
        assert await launcher.ends() == 0


@pytest.mark.parametrize("setting", ["PARLEY_PORT", "PARLEY_MEDIA_URL"])
async def test_a_taken_port_is_named_with_the_setting_that_changes_it(tmp_path: Path, setting: str) -> None:
    settings = environment(tmp_path)
    port = int(settings[setting].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        async with launched(settings) as launcher:
            line = await launcher.says(f"Port {port} on 127.0.0.1")
            assert f"is taken by another program. {setting} changes it: make run {setting}=" in line
            assert await launcher.ends() == 1


async def test_a_wrong_setting_of_one_service_ends_the_run_with_its_reason(tmp_path: Path) -> None:
    async with launched({**environment(tmp_path), "SECRET_KEY": "short"}) as launcher:
        await launcher.says("SECRET_KEY")
        await launcher.says("auth cannot start with these settings")
        assert await launcher.ends() == 2


async def test_a_wrong_setting_of_the_launcher_is_one_line(tmp_path: Path) -> None:
    async with launched({**environment(tmp_path), "PARLEY_AUTH_URL": "nowhere"}) as launcher:
        assert "wrong setting: PARLEY_AUTH_URL" in await launcher.says("wrong setting")
        assert await launcher.ends() == 2
