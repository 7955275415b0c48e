"""Forking: services that share in memory what they have in common, since it is loaded here, before they start.

On Linux alone: on macOS what the system brings does not bear a fork that is not followed by another program.
"""

import asyncio
import gc
import importlib
import multiprocessing
import os
import runpy
import signal
import sys
from asyncio import StreamReader, StreamReaderProtocol
from multiprocessing.process import BaseProcess

from setproctitle import setproctitle

from launcher import processes
from launcher.plan import Program, Service

# What every service imports, or nearly; what only one needs, it loads itself.
_SHARED = (
    "anyio._backends._asyncio",
    "httpcore",
    "servicekit.application",
    "servicekit.authentication",
    "servicekit.commands",
    "servicekit.contract",
    "servicekit.database",
    "servicekit.health",
    "servicekit.list_replica",
    "servicekit.multipart",
    "servicekit.peers",
    "servicekit.responses",
    "servicekit.server",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
_HANDLED = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_PR_SET_NAME = 15  # from <sys/prctl.h>


def is_possible() -> bool:
    """On Linux from 5.3, where a process is waited for by a descriptor, and no thread has to do it."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def load_what_is_shared() -> None:
    """To be called once, before the first fork; it takes a third of a second."""
    for module in _SHARED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # else each child's collector would write into every page, and have them copied


class Forked:
    """A running service: of asyncio's `Process` what is used here."""

    def __init__(self, process: BaseProcess, stdout: StreamReader) -> None:
        assert process.pid is not None
        self.pid = process.pid
        self.stdout = stdout
        self._process = process
        self._ended = asyncio.Event()
        self._pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_end)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    async def wait(self) -> int:
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._process.join()
        self._ended.set()


async def fork(program: Program) -> Forked:
    """Start it in a copy of this process, which must have one thread; both its outputs can be read from `stdout`."""
    read_end, write_end = os.pipe()
    reader = StreamReader(limit=processes.LINE_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: StreamReaderProtocol(reader), os.fdopen(read_end, "rb"))
    process = multiprocessing.get_context("fork").Process(target=_become, args=(program, write_end))
    # A signal waits until the copy has handlers of its own: with ours it would tell our loop.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(write_end)
    return Forked(process, reader)


def _become(program: Program, output: int) -> None:
    """Be in this new process what `program.command` would be in one of its own. What it raises, is its end."""
    os.setsid()
    processes.end_with_the_parent()
    signal.set_wakeup_fd(-1)
    for number in _HANDLED:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # the launcher's lock, its sockets and the outputs of others
    os.chdir(processes.REPOSITORY)
    if isinstance(program, Service):
        _run_here(program)
    else:
        os.execve(program.command[0], program.command, program.environment)  # noqa: S606 - we want no shell


def _run_here(service: Service) -> None:
    setproctitle(" ".join(service.command))  # for ps and pgrep
    processes.prctl(_PR_SET_NAME, f"parley-{service.name}".encode())  # for top
    sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr] # as PYTHONUNBUFFERED makes it
    os.environ.clear()
    os.environ.update(service.environment)
    sys.argv[1:] = []
    runpy.run_module(service.module, run_name="__main__", alter_sys=True)
