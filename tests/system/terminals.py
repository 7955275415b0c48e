"""Commands as a reader of the documents types them."""

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.system.people import ANSWER_S_MAX

DOCUMENTED = "127.0.0.1:8000"


async def shell(command: str, *, address: str) -> str:
    """What a documented command line prints, sent to where this Parley listens."""
    process = await asyncio.create_subprocess_shell(
        command.strip().replace(DOCUMENTED, address), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(ANSWER_S_MAX):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return out.decode()


class Terminal:
    """A person in front of `python -m websockets`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._seen = ""

    async def types(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def reads(self, pattern: str) -> str:
        """What comes up to and with the next match of `pattern`."""
        assert self._process.stdout is not None
        async with asyncio.timeout(ANSWER_S_MAX):
            while (found := re.search(pattern, self._seen)) is None:
                piece = await self._process.stdout.read(4096)
                assert piece, f"{pattern!r} never came: {self._seen}"
                self._seen += piece.decode()
        before, self._seen = self._seen[: found.end()], self._seen[found.end() :]
        return before

    async def leaves(self) -> int:
        """Ctrl-D; the exit status."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self.reads("Connection closed: 1000")
        async with asyncio.timeout(ANSWER_S_MAX):
            return await self._process.wait()


@asynccontextmanager
async def terminal(url: str) -> AsyncIterator[Terminal]:
    """`python -m websockets <url>`, connected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "websockets", url, stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    try:
        window = Terminal(process)
        await window.reads(r"Connected to ws://")
        yield window
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
