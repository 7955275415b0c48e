"""docs/tutorial.md, typed by its two people: every command, and every line that it shows."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from launcher.processes import REPOSITORY
from tests.system.parleys import Parley
from tests.system.people import ANSWER_S_MAX
from tests.system.terminals import DOCUMENTED, Terminal, terminal

TUTORIAL = (REPOSITORY / "docs/tutorial.md").read_text()
CLIENT = ".venv/bin/python"
END = "\0"


def blocks() -> Iterator[tuple[str, list[str]]]:
    """Whose terminal, and its lines; a command of several lines is one."""
    for person, text in re.findall(r"^```console (\w+)\n(.*?)^```$", TUTORIAL, re.MULTILINE | re.DOTALL):
        yield person, re.findall(r"^\$ (?:.*[\\|]\n)*.*|^.+", text, re.MULTILINE)


def pattern(shown: str) -> str:
    """What is to come, where `…` stands for anything."""
    return re.escape(shown).replace("…", "[^\n]*?")


class Desk:
    """One person's shell, and the WebSocket client that may run in it."""

    def __init__(self, shell: Process, address: str) -> None:
        self._shell = shell
        self._address = address
        self._printed: list[str] = []
        self._connecting: AbstractAsyncContextManager[Terminal] | None = None
        self._socket: Terminal | None = None

    async def follow(self, line: str) -> None:
        kind, rest = line[:2], line[2:]
        if kind == "$ ":
            await self._run(rest)
        elif self._socket is None:
            assert re.fullmatch(pattern(line), self._printed.pop(0)), line
        elif kind == "> ":
            await self._socket.types(rest)
        elif kind == "< ":
            await self._socket.reads(pattern(line))
        elif line.startswith("Connection closed"):
            assert await self._socket.leaves() == 0
            await self.close()
        else:
            assert line.startswith("Connected to ws://"), line

    async def _run(self, command: str) -> None:
        assert self._printed == []
        printed = await self.prints(command)
        if not command.startswith("socket "):
            self._printed = printed
            return
        (url,) = re.findall(r"-m websockets (\S+)", printed[0])
        self._connecting = terminal(url)
        self._socket = await self._connecting.__aenter__()

    async def prints(self, command: str) -> list[str]:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        typed = command.replace(DOCUMENTED, self._address).replace(CLIENT, "echo")
        self._shell.stdin.write(f"{typed}\nprintf '\\n\\0'\n".encode())
        async with asyncio.timeout(ANSWER_S_MAX):
            printed = await self._shell.stdout.readuntil(END.encode())
        return printed.decode().removesuffix(END).rstrip("\n").splitlines()

    def ends(self) -> None:
        """Everything that was printed was shown, and no client is left open."""
        assert self._printed == []
        assert self._socket is None

    async def close(self) -> None:
        """The client, if one runs."""
        connecting, self._connecting, self._socket = self._connecting, None, None
        if connecting is not None:
            await connecting.__aexit__(*sys.exc_info())


@asynccontextmanager
async def desk(folder: Path, address: str) -> AsyncIterator[Desk]:
    folder.mkdir()
    shell = await asyncio.create_subprocess_exec("bash", cwd=folder, stdin=PIPE, stdout=PIPE, stderr=STDOUT)
    one = Desk(shell, address)
    try:
        yield one
    finally:
        await one.close()
        shell.kill()
        await shell.communicate()


async def test_what_the_tutorial_shows_is_what_happens(shared: Parley, tmp_path: Path) -> None:
    address = shared.system.url.removeprefix("http://")
    (client,) = re.findall(rf"^socket\(\) .*{re.escape(CLIENT)}.*$", TUTORIAL, re.MULTILINE)
    async with desk(tmp_path / "ada", address) as adas, desk(tmp_path / "grace", address) as graces:
        people = {"ada": adas, "grace": graces}
        for one in people.values():
            assert await one.prints(client) == []
        for person, lines in blocks():
            for line in lines:
                await people[person].follow(line)
        for one in people.values():
            one.ends()
