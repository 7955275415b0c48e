"""A whole Parley on free ports, for tests, benchmarks and the demonstration: five real services and a real Valkey."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import httpx

from launcher import data_folder, plan, ports, processes, readiness, valkey
from launcher.plan import Program
from servicekit import settings

READY_TIME_S_MAX = 30.0
_LOG_TAIL_LINES = 30
_SINGLE_SERVICES = ("AUTH", "MEDIA", "VIDEO")


class Started(processes.Running, Protocol):
    @property
    def pid(self) -> int: ...


Spawn = Callable[[Program, IO[bytes]], Awaitable[Started]]


class NotReady(Exception):
    """The system did not come up in time; the text holds the end of each process's log."""


class TemporarySystem:
    """Starts all at `async with`, and leaves no process behind.

    The processes are `gateway`, `auth`, `chat` (then `chat-2`, `chat-3` …), `media`, `video` and `valkey`.
    Each writes to `logs/<name>.log` in `data_dir`. `environment` adds settings or replaces them; nothing of
    Parley's is taken from the environment of the caller. `modules` names what is run in place of a service. The gateway
    listens on `port`, or on a free one. `spawn` starts a program with both its outputs going to a file.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        chat_instances: int = 1,
        environment: Mapping[str, str] | None = None,
        modules: Mapping[str, str] | None = None,
        port: int | None = None,
        spawn: Spawn = processes.spawn,
    ) -> None:
        free_port, *service_ports = ports.find_free(1 + len(_SINGLE_SERVICES) + chat_instances)
        gateway_port = port or free_port
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{gateway_port}"
        self.ws_url = f"ws://127.0.0.1:{gateway_port}"
        self._valkey = valkey.bundled(data_dir / "valkey")
        self.redis_url = self._valkey.url
        data_folder.put_redis_url(data_dir, self.redis_url)
        own = {
            "PARLEY_PORT": str(gateway_port),
            "PARLEY_DATA_DIR": str(data_dir),
            "PARLEY_METRICS_PORT": "0",
            **_service_urls(service_ports),
            **(environment or {}),
        }
        self._programs = {
            name: replace(program, command=(*program.command[:-1], (modules or {}).get(name, program.command[-1])))
            for name, program in self._plan(own, chat_instances).items()
        }
        self._running: dict[str, Started] = {}
        self._spawn = spawn

    def _plan(self, own: Mapping[str, str], chat_instances: int) -> dict[str, Program]:
        services = plan.services(
            settings.load(plan.Settings, own),
            environment={**_environment_without_parley(), **own},
            redis_url=own.get("PARLEY_REDIS_URL", self.redis_url),
            chat_instances=chat_instances,
        )
        return {program.name: program for program in services}

    @property
    def pids(self) -> dict[str, int]:
        """The processes that were started and not ended, Valkey among them, by name."""
        return {name: process.pid for name, process in self._running.items()}

    def log(self, name: str) -> str:
        """All that this process has written, over all its starts."""
        path = self._log_path(name)
        return path.read_text(errors="replace") if path.exists() else ""

    async def __aenter__(self) -> Self:
        try:
            await self.start_valkey()
            for name in self._programs:
                await self.start(name)
            await self.ready()
        except BaseException:
            await self._end_all()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end_all()

    async def ready(self, timeout: float = READY_TIME_S_MAX) -> None:  # noqa: ASYNC109 - NotReady tells more
        """Returns once the gateway says that every service and Redis do their work.

        Raises NotReady after `timeout` seconds, or at once when a process has ended by itself.
        """
        try:
            async with asyncio.timeout(timeout), httpx.AsyncClient(trust_env=False) as client:
                while not await readiness.is_ready(client, self.url):
                    self._check_that_all_run()
                    await asyncio.sleep(readiness.POLL_INTERVAL_S)
        except TimeoutError:
            raise NotReady(self._report(f"not ready after {timeout:g} s")) from None

    async def start(self, name: str) -> None:
        """Start a service that was ended; `ready` waits until it works."""
        await self._start(self._programs[name])

    async def stop(self, name: str) -> None:
        """SIGTERM. Returns when the process is reaped."""
        await processes.end(self._running.pop(name))

    async def kill(self, name: str) -> None:
        """SIGKILL. Returns when the process is reaped."""
        await processes.kill(self._running.pop(name))

    async def start_valkey(self) -> None:
        """Start Valkey, empty, at the address that it has had from the beginning."""
        await self._start(self._valkey.program)
        try:
            async with asyncio.timeout(READY_TIME_S_MAX):
                await readiness.until_it_listens(self._valkey.socket)
        except TimeoutError:
            raise NotReady(self._report("Valkey does not answer")) from None

    async def stop_valkey(self) -> None:
        """End Valkey, and with it all that it knew."""
        await self.stop(valkey.NAME)

    async def _start(self, program: Program) -> None:
        if program.name in self._running:
            raise ValueError(f"{program.name} is running")
        path = self._log_path(program.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            self._running[program.name] = await self._spawn(program, log)

    async def _end_all(self) -> None:
        """The services at once, then Valkey, which they use to the end."""
        last = self._running.pop(valkey.NAME, None)
        await asyncio.gather(*(processes.end(process) for process in self._running.values()))
        self._running.clear()
        if last is not None:
            await processes.end(last)
        self._valkey.remove()
        data_folder.put_redis_url(self.data_dir, None)

    def _check_that_all_run(self) -> None:
        ended = [name for name, process in self._running.items() if process.returncode is not None]
        if ended:
            raise NotReady(self._report(f"ended by itself: {', '.join(ended)}"))

    def _log_path(self, name: str) -> Path:
        return self.data_dir / "logs" / f"{name}.log"

    def _report(self, reason: str) -> str:
        tails = (
            "\n".join([f"--- {name} ({_state(process)})", *self.log(name).splitlines()[-_LOG_TAIL_LINES:]])
            for name, process in self._running.items()
        )
        return "\n".join([reason, *tails])


def _service_urls(service_ports: list[int]) -> dict[str, str]:
    single, chats = service_ports[: len(_SINGLE_SERVICES)], service_ports[len(_SINGLE_SERVICES) :]
    urls = {
        f"PARLEY_{name}_URL": f"http://127.0.0.1:{port}" for name, port in zip(_SINGLE_SERVICES, single, strict=True)
    }
    return {**urls, "PARLEY_CHAT_URL": ",".join(f"http://127.0.0.1:{port}" for port in chats)}


def _environment_without_parley() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith("PARLEY_") and name != "SECRET_KEY"
    }


def _state(process: Started) -> str:
    return "running" if process.returncode is None else f"ended with {process.returncode}"
