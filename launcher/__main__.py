"""`python -m launcher`: all of Parley, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from launcher import claim_link, data_folder, forking, plan, ports, readiness, terminal, valkey
from launcher.console import Console
from launcher.plan import Program, Service
from launcher.supervisor import Supervisor, spawn_and_hear
from launcher.valkey import Bundled
from servicekit import settings
from servicekit.startup_errors import EXIT_CANNOT_START, EXIT_FAULT, CannotStart

READY_POLL_INTERVAL_S = 0.05
STORE_START_TIME_S_MAX = 2.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 after an orderly end; 2 where it cannot start, 1 where it may later, as one line explains."""
    chosen = settings.load_or_exit(plan.Settings, os.environ)
    chat_instances = _chat_instances(arguments)
    try:
        with data_folder.locked(chosen.data_dir):
            return _run(chosen, chat_instances)
    except settings.WrongSettings as error:
        return _cannot_start(f"wrong setting: {error}")
    except CannotStart as error:
        return _cannot_start(str(error))
    except OSError as error:  # a full disk, say
        print(f"the launcher has to end, and may be started again: {error}", file=sys.stderr)
        return EXIT_FAULT


def _cannot_start(line: str) -> int:
    print(line, file=sys.stderr)
    return EXIT_CANNOT_START


def _run(chosen: plan.Settings, chat_instances: int) -> int:
    bundled = None if os.environ.get("PARLEY_REDIS_URL") else valkey.bundled(chosen.data_dir / "valkey")
    try:
        services = plan.services(
            chosen,
            environment=_environment(),
            redis_url=chosen.redis_url if bundled is None else bundled.url,
            chat_instances=chat_instances,
        )
        _check_ports(services)
        data_folder.put_redis_url(chosen.data_dir, None if bundled is None else bundled.url)
        terminal.take_ctrl_c()
        url, hints = plan.url_for_people(chosen), _metrics_hints(chosen, services)
        return asyncio.run(run(services, bundled, url=url, hints=hints))
    finally:
        if bundled is not None:
            bundled.remove()
            data_folder.put_redis_url(chosen.data_dir, None)


def _chat_instances(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m launcher", description="Runs all of Parley here.")
    parser.add_argument(
        "--chat-instances", type=int, choices=range(1, 17), default=1, metavar="N", help="1 to 16; default 1"
    )
    chosen: int = parser.parse_args(arguments).chat_instances
    return chosen


def _environment() -> dict[str, str]:
    """Ours, with logs for a person where a person is looking: the services see a pipe."""
    log_format = "console" if sys.stdout.isatty() else "auto"
    return {"PARLEY_LOG_FORMAT": log_format, **os.environ}


def _check_ports(services: Sequence[Service]) -> None:
    """Raises CannotStart with a line for each port that is taken; for the gateway's alone, which the others follow."""
    refusals = [(service.setting, refusal) for service in services if (refusal := _port_refusal(service))]
    if lines := [line for setting, line in refusals if setting == "PARLEY_PORT"] or [line for _, line in refusals]:
        raise CannotStart("\n".join(lines))


def _port_refusal(service: Service) -> str | None:
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


def _metrics_hints(chosen: plan.Settings, services: Sequence[Service]) -> list[str]:
    """A line for each port that the metrics of a service cannot have; they are all that is missing then."""
    places = [
        (service.name, service.address[0], chosen.metrics_port_beside(service.address[1])) for service in services
    ]
    return [
        f"Port {port} on {host}, for the metrics of {name}, is taken by another program: they are not served. "
        "PARLEY_METRICS_PORT=0 does without"
        for name, host, port in places
        if port and (error := ports.refusal(host, port)) is not None and error.errno == errno.EADDRINUSE
    ]


async def run(services: Sequence[Program], bundled: Bundled | None, *, url: str, hints: Sequence[str] = ()) -> int:
    """Keep everything running until a signal; then end the services, and Valkey after them."""
    console = Console([program.name for program in [*services, *([bundled.program] if bundled else [])]])
    for hint in hints:
        console.say(hint)
    forks = forking.is_possible()
    supervisor = Supervisor(console, forking.fork if forks else spawn_and_hear)
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, supervisor.on_signal)
    async with AsyncExitStack() as running:
        if bundled is not None:
            await running.enter_async_context(_background(supervisor.keep(bundled.program)))
            await asyncio.sleep(0)  # so that it starts while we load
        if forks:
            forking.load_what_is_shared()
        if bundled is not None:
            await _give_time_to_listen(bundled)
        await running.enter_async_context(_background(_announce(url, console, services)))
        await running.enter_async_context(_background(*map(supervisor.keep, services)))
        exit_code = await supervisor.stopped()
    console.say("all ended")
    if supervisor.reason is not None:
        print(supervisor.reason, file=sys.stderr)
    return exit_code


@asynccontextmanager
async def _background(*coroutines: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `coroutines` beside the body; its end cancels them all at once, and waits for them."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        yield
        for task in tasks:
            task.cancel()


async def _give_time_to_listen(bundled: Bundled) -> None:
    """Not for ever: the services can start without it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STORE_START_TIME_S_MAX):
            await readiness.until_it_listens(bundled.socket)


async def _announce(url: str, console: Console, services: Sequence[Program]) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        while not await readiness.is_ready(client, url):
            await asyncio.sleep(READY_POLL_INTERVAL_S)
        console.say(f"Parley is ready: {url}")
        if sys.stdout.isatty():  # a log is read by many
            environments = (program.environment for program in services if program.name == "auth")
            for environment in environments:
                await claim_link.show(client, url, environment, console)


if __name__ == "__main__":
    sys.exit(main())
