"""Programs of Parley forked from a process that has loaded them, since to load them is most of what a start costs.

Such a process has what one of its own would have: its id, signals, environment, files and status. Each run of tests, or
worker of it, has one server, which is `python -m tests.fork_server`.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from threading import Lock
from typing import IO

import coverage
import pytest

from launcher import processes
from launcher.plan import Program, Service
from launcher.processes import REPOSITORY, end_with_the_parent
from launcher.temporary_system import Started

_LOADED = (
    "anyio._backends._asyncio",
    "auth_service.admin",
    "chat_service.admin",
    "chat_service.websocket.chat_socket",
    "gateway.app",
    "gateway.protocol",
    "gateway.tunnel",
    "media_service.app",
    "servicekit.move.moving",
    "servicekit.move.postgres_place",
    "servicekit.move.services",
    "servicekit.postgres_database",
    "servicekit.server",
    "servicekit.sqlite_database",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "video_service.app",
    "video_service.websocket",
)
_REQUEST_BYTES_MAX = 100_000
_IS_POSSIBLE = hasattr(os, "pidfd_open")  # on Linux; elsewhere programs start as they do for everybody
_COVERAGE = "COVERAGE_PROCESS_CONFIG"


class ForkServer:
    """As the tests see it. Its processes end with it, and it ends with them."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server"],
                cwd=REPOSITORY,
                env={**os.environ, _COVERAGE: ""},
                stdin=theirs.fileno(),
            )
        self._asking = Lock()

    def start(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], out: int, err: int
    ) -> tuple[int, int]:
        """`python -m module …`: its id, and a pipe from which its status can be read when it has ended."""
        status, theirs = os.pipe()
        try:
            request = json.dumps([module, list(arguments), dict(environment)]).encode()
            assert len(request) < _REQUEST_BYTES_MAX
            with self._asking:
                socket.send_fds(self._socket, [request], [out, err, theirs])
                pid = int(self._socket.recv(100))
        finally:
            os.close(theirs)
        return pid, status

    def close(self) -> None:
        self._socket.close()
        self._process.wait(20)


class ForkedProcess:
    """A running one: of asyncio's `Process` what the launcher uses."""

    stdout = None

    def __init__(self, pid: int, status: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(status, self._on_end)

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._status)
        with os.fdopen(self._status, "rb") as status:
            self.returncode = int(status.read())
        self._ended.set()


@cache
def fork_server() -> ForkServer:
    """That of this run."""
    made = ForkServer()
    atexit.register(made.close)
    return made


def start(module: str, environment: Mapping[str, str]) -> ForkedProcess:
    """`python -m module`, which says what it says where this process does."""
    if not _IS_POSSIBLE:
        pytest.skip("a process can be forked and watched so on Linux alone")
    return ForkedProcess(*fork_server().start(module, (), environment, 1, 2))


async def spawn(program: Program, output: IO[bytes]) -> Started:
    """As `launcher.processes.spawn`, which it leaves to start what is no service."""
    if not (isinstance(program, Service) and _IS_POSSIBLE):
        return await processes.spawn(program, output)
    said = output.fileno()
    return ForkedProcess(*fork_server().start(program.module, (), program.environment, said, said))


def run(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Its status, and what it said to either output."""
    if not _IS_POSSIBLE:
        command = [sys.executable, "-m", module, *arguments]
        ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout, ended.stderr
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        _, pipe = fork_server().start(module, arguments, environment, out.fileno(), err.fileno())
        with os.fdopen(pipe, "rb") as status:
            ended_with = int(status.read())
        return ended_with, _read(out), _read(err)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


# The server's side


def _serve(requests: socket.socket) -> None:
    """Until nobody can ask for any more."""
    running: dict[int, tuple[int, int]] = {}  # by the descriptor of a process: its id, and whither its status goes
    while True:
        for ready in select.select([requests.fileno(), *running], [], [])[0]:
            if ready in running:
                pid, status = running.pop(ready)
                os.write(status, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
                os.close(status)
                os.close(ready)
                continue
            request, files, *_ = socket.recv_fds(requests, _REQUEST_BYTES_MAX, 3)
            if not request:
                return
            out, err, status = files
            pid = os.fork()
            if not pid:
                module, arguments, environment = json.loads(request)
                _become(module, arguments, environment, out, err)
            requests.send(str(pid).encode())
            running[os.pidfd_open(pid)] = pid, status
            os.close(out)
            os.close(err)


def _become(module: str, arguments: list[str], environment: dict[str, str], out: int, err: int) -> None:
    os.setsid()
    end_with_the_parent()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    measured = coverage.process_startup(slug="fork") if environment.get(_COVERAGE) else None
    status = _run(module)
    if measured is not None:
        measured.stop()
        measured.save()
    os._exit(status)


def _run(module: str) -> int:
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        return end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:  # noqa: BLE001 - the interpreter tells it, too
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    for module in _LOADED:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # else each child's collector would write into every page, and have them copied
    with socket.socket(fileno=0) as requests:
        _serve(requests)


if __name__ == "__main__":
    main()
