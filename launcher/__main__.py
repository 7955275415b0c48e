"""`python -m launcher`: all of Parley, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx

from launcher import plan, ports, readiness, terminal, valkey
from launcher.console import Console
from launcher.plan import Program
from launcher.supervisor import Supervisor
from servicekit import settings

EXIT_PORT_TAKEN = 1
READY_POLL_INTERVAL_S = 0.25
STORE_START_TIME_S_MAX = 2.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 after an orderly end, 1 where a port is taken, 2 where a setting is wrong."""
    chosen = settings.load_or_exit(plan.Settings, os.environ)
    bundled = None if os.environ.get("PARLEY_REDIS_URL") else _bundled_valkey(chosen.data_dir)
    try:
        services = plan.services(
            chosen,
            environment=_environment(),
            redis_url=chosen.redis_url if bundled is None else valkey.url(bundled.address[1]),
            chat_instances=_chat_instances(arguments),
        )
    except settings.WrongSettings as error:
        print(f"wrong setting: {error}", file=sys.stderr)
        return settings.EXIT_WRONG_SETTINGS
    if refusals := [refusal for service in services if (refusal := _port_refusal(service))]:
        print("\n".join(refusals), file=sys.stderr)
        return EXIT_PORT_TAKEN
    terminal.take_ctrl_c()
    return asyncio.run(run(services, bundled, url=_url_for_people(chosen)))


def _chat_instances(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m launcher", description="Runs all of Parley here.")
    parser.add_argument(
        "--chat-instances", type=int, choices=range(1, 17), default=1, metavar="N", help="1 to 16; default 1"
    )
    chosen: int = parser.parse_args(arguments).chat_instances
    return chosen


def _bundled_valkey(data_dir: Path) -> Program:
    return valkey.program(port=ports.find_free(1)[0], data_dir=data_dir / "valkey")


def _environment() -> dict[str, str]:
    """Ours, with logs for a person where a person is looking: the services see a pipe."""
    log_format = "console" if sys.stdout.isatty() else "auto"
    return {"PARLEY_LOG_FORMAT": log_format, **os.environ}


def _port_refusal(service: Program) -> str | None:
    """One line for a port that this service cannot have, and the setting that helps; None when it is free."""
    host, port = service.address
    error = ports.refusal(host, port)
    if error is None:
        return None
    if error.errno != errno.EADDRINUSE:
        return f"{service.name} cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}"
    other = f"{port + 100}" if service.setting == "PARLEY_PORT" else f"http://{host}:{port + 100}"
    return (
        f"Port {port} on {host}, for {service.name}, is taken by another program. "
        f"{service.setting} changes it: make run {service.setting}={other}"
    )


def _url_for_people(chosen: plan.Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(chosen.host, chosen.host)
    return f"http://{host}:{chosen.port}"


async def run(services: Sequence[Program], bundled: Program | None, *, url: str) -> int:
    """Keep everything running until a signal; then end the services, and Valkey after them."""
    console = Console(program.name for program in [*services, *([bundled] if bundled else [])])
    supervisor = Supervisor(console)
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, supervisor.on_signal)
    async with AsyncExitStack() as running:
        if bundled is not None:
            await running.enter_async_context(_background(supervisor.keep(bundled)))
            await _give_time_to_listen(bundled)
        await running.enter_async_context(_background(_announce(url, console)))
        await running.enter_async_context(_background(*map(supervisor.keep, services)))
        exit_code = await supervisor.stopped()
    console.say("all ended")
    return exit_code


@asynccontextmanager
async def _background(*coroutines: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `coroutines` beside the body; its end cancels them all at once, and waits for them."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        yield
        for task in tasks:
            task.cancel()


async def _give_time_to_listen(program: Program) -> None:
    """Not for ever: the services can start without it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STORE_START_TIME_S_MAX):
            await readiness.until_it_listens(program.address)


async def _announce(url: str, console: Console) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        while not await readiness.is_ready(client, url):
            await asyncio.sleep(READY_POLL_INTERVAL_S)
    console.say(f"Parley is ready: {url}")


if __name__ == "__main__":
    sys.exit(main())
