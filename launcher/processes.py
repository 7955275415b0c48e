"""Processes: starting one so that it never outlives us, and ending one for certain."""

import asyncio
import ctypes
import signal
import sys
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, STDOUT, Process
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from launcher.plan import Program

REPOSITORY = Path(__file__).resolve().parent.parent
END_TIME_S_MAX = 10.0
LINE_BYTES_MAX = 1024 * 1024

_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Running(Protocol):
    """A process that was started: asyncio's, or one that was forked."""

    @property
    def returncode(self) -> int | None: ...

    @property
    def stdout(self) -> StreamReader | None: ...

    async def wait(self) -> int: ...

    def send_signal(self, number: signal.Signals, /) -> None: ...


async def spawn(program: Program, output: IO[bytes] | int) -> Process:
    """Start `program` with both its outputs going to `output`, in a session of its own.

    The session keeps a terminal's Ctrl-C away from it: who starts a program decides when and in which order
    it ends.
    """
    return await asyncio.create_subprocess_exec(
        *program.command,
        cwd=REPOSITORY,
        env=program.environment,
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        start_new_session=True,
        preexec_fn=end_with_the_parent,
        limit=LINE_BYTES_MAX,
    )


def end_with_the_parent() -> None:
    """On Linux, have the kernel end this new process when its maker is gone, even by kill -9."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def prctl(option: int, value: int | bytes) -> None:
    """Tell the kernel something about this process (prctl(2)); nothing where it is not Linux."""
    if _libc is not None:
        _libc.prctl(option, value)


async def end(process: Running, *, time_s_max: float = END_TIME_S_MAX) -> None:
    """SIGTERM, and SIGKILL to a process that is still there after `time_s_max`. Returns when it is reaped."""
    send(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(time_s_max):
            await process.wait()
    except TimeoutError:
        await kill(process)


async def kill(process: Running) -> None:
    """SIGKILL. Returns when the process is reaped."""
    send(process, signal.SIGKILL)
    await process.wait()


def send(process: Running, number: signal.Signals) -> None:
    """A signal to a process that may be gone already."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(number)
