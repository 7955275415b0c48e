"""Programs that a benchmark starts beside the system: each ends with its `async with`."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bench.machine import usable_cores
from launcher import ports, processes, readiness
from launcher.plan import Program

START_TIME_S_MAX = 30.0


@dataclass(frozen=True, kw_only=True)
class Server:
    pid: int
    port: int


class DidNotStart(Exception):
    """The text holds what the program said."""


def free_port() -> int:
    return ports.find_free(1)[0]


@asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    port: int,
    folder: Path,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Server]:
    """The program, once it accepts connections on 127.0.0.1. On one core if asked, else on all of them.

    Its output goes to `log` in `folder`, which is made. Raises DidNotStart.
    """
    program = Program(
        name=folder.name,
        command=tuple(command),
        environment={**os.environ, **(environment or {})},
    )
    with _new_log(folder) as log:
        process = await processes.spawn(program, log)
    try:
        os.sched_setaffinity(process.pid, usable_cores() if core is None else {core})
        await _listening(program.name, port, folder)
        yield Server(pid=process.pid, port=port)
    finally:
        await processes.end(process)


async def _listening(name: str, port: int, folder: Path) -> None:
    try:
        async with asyncio.timeout(START_TIME_S_MAX):
            await readiness.until_it_listens(("127.0.0.1", port))
    except TimeoutError:
        raise DidNotStart(f"{name} does not listen:\n{_log_path(folder).read_text()}") from None


def _new_log(folder: Path) -> BinaryIO:
    folder.mkdir(exist_ok=True)
    return _log_path(folder).open("wb")


def _log_path(folder: Path) -> Path:
    return folder / "log"
