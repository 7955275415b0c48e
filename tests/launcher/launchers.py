"""`python -m launcher` as its user runs it: real ports, real signals, data of its own."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from launcher import ports
from launcher.processes import REPOSITORY

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
        """Its processes: id and name, as top tells it."""
        return {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in self._children()}

    def commands(self) -> list[str]:
        """How its processes were started, as ps tells it and pgrep finds them."""
        return [Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").replace("\0", " ") for pid in self._children()]

    def _children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


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
