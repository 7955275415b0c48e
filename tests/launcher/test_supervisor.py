"""The supervisor, with small programs in place of the services."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from launcher.console import Console
from launcher.plan import Program
from launcher.processes import END_TIME_S_MAX
from launcher.supervisor import DELAY_S_MAX, DELAY_S_MIN, Supervisor, restart_delay_s, spawn_and_hear
from servicekit.startup_errors import EXIT_CANNOT_START

SAY_PID_AND_SLEEP = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
SLEEP_THROUGH_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SAY_PID_AND_SLEEP}"


class Heard(Console):
    """A console that can be waited for."""

    def __init__(self) -> None:
        super().__init__(["program"])
        self._lines: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def relay(self, name: str, said: str | bytes) -> None:
        text = said.decode() if isinstance(said, bytes) else said
        self._lines.put_nowait((name, text.strip()))

    async def next_from(self, name: str) -> str:
        async with asyncio.timeout(10):
            while True:
                speaker, line = await self._lines.get()
                if speaker == name:
                    return line


def python(code: str) -> Program:
    return Program(
        name="program",
        command=(sys.executable, "-c", code),
        environment=dict(os.environ),
    )


@asynccontextmanager
async def kept(supervisor: Supervisor, program: Program) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(supervisor.keep(program))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(10):
                await task


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_killed_program_is_started_again() -> None:
    heard = Heard()
    async with kept(Supervisor(heard, spawn_and_hear), python(SAY_PID_AND_SLEEP)):
        first = int(await heard.next_from("program"))
        os.kill(first, signal.SIGKILL)
        assert await heard.next_from("parley") == "program was ended by SIGKILL, and starts again in 0.5 s"
        assert int(await heard.next_from("program")) != first


async def test_a_program_that_keeps_ending_is_started_less_and_less_often() -> None:
    heard = Heard()
    async with kept(Supervisor(heard, spawn_and_hear), python("raise SystemExit(3)")):
        assert await heard.next_from("parley") == "program ended with status 3, and starts again in 0.5 s"
        assert await heard.next_from("parley") == "program ended with status 3, and starts again in 1 s"


def test_the_delay_grows_up_to_its_bound() -> None:
    delays = [restart_delay_s(ends) for ends in range(1, 100)]
    assert delays[0] == DELAY_S_MIN
    assert delays == sorted(delays)
    assert delays[-1] == DELAY_S_MAX


async def test_a_program_with_wrong_settings_stops_the_run_with_its_status() -> None:
    supervisor = Supervisor(Heard(), spawn_and_hear)
    async with kept(supervisor, python(f"raise SystemExit({EXIT_CANNOT_START})")), asyncio.timeout(10):
        assert await supervisor.stopped() == EXIT_CANNOT_START


async def test_a_cancelled_program_is_gone_when_its_task_is_done() -> None:
    heard = Heard()
    async with kept(Supervisor(heard, spawn_and_hear), python(SAY_PID_AND_SLEEP)):
        pid = int(await heard.next_from("program"))
        assert is_alive(pid)
    assert not is_alive(pid)


async def test_the_last_words_of_a_program_are_heard() -> None:
    heard = Heard()
    on_sigterm = "lambda *_: (print('good bye', flush=True), sys.exit(0))"
    code = f"import signal, sys; signal.signal(signal.SIGTERM, {on_sigterm}); {SAY_PID_AND_SLEEP}"
    async with kept(Supervisor(heard, spawn_and_hear), python(code)):
        await heard.next_from("program")
    assert await heard.next_from("program") == "good bye"


async def test_a_second_signal_kills_what_does_not_end() -> None:
    heard = Heard()
    supervisor = Supervisor(heard, spawn_and_hear)
    task = asyncio.create_task(supervisor.keep(python(SLEEP_THROUGH_SIGTERM)))
    pid = int(await heard.next_from("program"))
    supervisor.on_signal()
    assert await supervisor.stopped() == 0
    task.cancel()
    await asyncio.sleep(0)  # the task sends SIGTERM, in vain
    supervisor.on_signal()
    async with asyncio.timeout(END_TIME_S_MAX / 2):
        await asyncio.wait([task])
    assert not is_alive(pid)


async def test_a_line_without_an_end_does_not_stop_the_others() -> None:
    heard = Heard()
    code = f"print('x' * 3_000_000, flush=True); {SAY_PID_AND_SLEEP}"
    async with kept(Supervisor(heard, spawn_and_hear), python(code)):
        async with asyncio.timeout(10):
            while not (line := await heard.next_from("program")).isdigit():
                assert set(line) <= {"x"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
async def test_a_program_does_not_outlive_a_killed_launcher() -> None:
    code = (
        "import asyncio\n"
        "from launcher.console import Console\n"
        "from launcher.supervisor import Supervisor, spawn_and_hear\n"
        "from tests.launcher.test_supervisor import SAY_PID_AND_SLEEP, python\n"
        "asyncio.run(Supervisor(Console(['program']), spawn_and_hear).keep(python(SAY_PID_AND_SLEEP)))\n"
    )
    launcher = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    assert launcher.stdout is not None
    async with asyncio.timeout(10):
        pid = int((await launcher.stdout.readline()).split()[-1])
        gone = until_gone(pid)
        launcher.kill()
        await launcher.wait()
        await gone


def until_gone(pid: int) -> asyncio.Future[None]:
    """Done when the process has ended, also where nobody reaps it (Linux only)."""
    loop = asyncio.get_running_loop()
    gone = loop.create_future()
    descriptor = os.pidfd_open(pid)

    def on_end() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        gone.set_result(None)

    loop.add_reader(descriptor, on_end)
    return gone
