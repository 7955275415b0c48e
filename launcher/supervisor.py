"""The supervisor: keeps programs running, and ends them when their task is cancelled."""

import asyncio
import signal
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable

from launcher import processes
from launcher.console import Console
from launcher.plan import Program
from launcher.processes import Running
from servicekit.startup_errors import EXIT_CANNOT_START

DELAY_S_MIN = 0.5
DELAY_S_MAX = 30.0
STEADY_TIME_S = 60.0  # who ran for this long and then ended starts again without a history


def restart_delay_s(ends: int) -> float:
    """How long to wait after a program has ended for the `ends`-th time in a row, from 1."""
    return min(DELAY_S_MAX, DELAY_S_MIN * 2.0 ** min(ends - 1, 16))


async def spawn_and_hear(program: Program) -> Running:
    return await processes.spawn(program, PIPE)


class Supervisor:
    """Starts a program again whenever it ends, as `restart: unless-stopped` does in a container."""

    def __init__(self, console: Console, start: Callable[[Program], Awaitable[Running]]) -> None:
        """`start` gives a process whose `stdout` can be read."""
        self._console = console
        self._start = start
        self._running: set[Running] = set()
        self._stopping = asyncio.Event()
        self._exit_code = 0
        self._last_lines: dict[str, str] = {}
        self.reason: str | None = None
        """Why a program ended the run, in its own words."""

    async def keep(self, program: Program) -> None:
        """Until it is cancelled, which ends the program.

        Returns only at the end of the run, which a program brings about when it says that it cannot start.
        """
        clock = asyncio.get_running_loop().time
        ends = 0
        while True:
            started_at_s = clock()
            exit_code = await self._run(program)
            if self._stopping.is_set():
                return
            if exit_code == EXIT_CANNOT_START:
                self.reason = f"{program.name}: {self._last_lines.get(program.name, 'it did not say why')}"
                self.stop(exit_code)
                return
            ends = 1 if clock() - started_at_s >= STEADY_TIME_S else ends + 1
            delay_s = restart_delay_s(ends)
            self._console.say(f"{program.name} {_ending(exit_code)}, and starts again in {delay_s:g} s")
            await asyncio.sleep(delay_s)

    def on_signal(self) -> None:
        """The first asks for an orderly end; the second is SIGKILL to all that has not ended by then."""
        if self._stopping.is_set():
            for process in self._running:
                processes.send(process, signal.SIGKILL)
        else:
            self._console.say("ending; once more to end at once")
            self.stop(0)

    def stop(self, exit_code: int) -> None:
        """Let `stopped` return `exit_code`, unless it already has one."""
        if not self._stopping.is_set():
            self._exit_code = exit_code
            self._stopping.set()

    async def stopped(self) -> int:
        """The status to exit with, once a signal or a program has asked for the end."""
        await self._stopping.wait()
        return self._exit_code

    async def _run(self, program: Program) -> int:
        process = await self._start(program)
        self._running.add(process)
        relaying = asyncio.create_task(self._relay(program.name, process))
        try:
            return await process.wait()
        finally:
            await processes.end(process)
            self._running.discard(process)
            await relaying  # its last words too

    async def _relay(self, name: str, process: Running) -> None:
        if process.stdout is None:
            return
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line over the limit; the reader has dropped it
                continue
            if not line:
                return
            self._last_lines[name] = line.decode(errors="replace").strip()
            self._console.relay(name, line)


def _ending(exit_code: int) -> str:
    if exit_code < 0:
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"ended with status {exit_code}"
