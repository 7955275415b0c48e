"""The server as a real process, and the metrics beside it."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.abc import MetaPathFinder
from pathlib import Path

import httpx
import pytest

from launcher.ports import find_free
from servicekit import metrics
from servicekit.server import EXIT_PORT_TAKEN, listen_or_exit, running
from servicekit.startup_errors import EXIT_FAULT
from tests.servicekit.http_servers import body, serving, start
from tests.waiting import eventually

WAIT_S = 20.0
REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def program(port: int, **environment: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.servicekit.program",
        cwd=REPOSITORY,
        env={**os.environ, "TINY_PORT": str(port), "PARLEY_METRICS_PORT": "0", **environment},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(WAIT_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_good(http: httpx.AsyncClient, path: str) -> None:
    """Return when what is there answers that all is well."""

    async def is_good() -> bool:
        try:
            return (await http.get(path)).is_success
        except httpx.TransportError:
            return False

    await eventually(is_good)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_ends_with_0_when_told_to(signal_number: signal.Signals, valkey_url: str) -> None:
    (port, metrics_port) = find_free(2)
    async with (
        program(port, PARLEY_REDIS_URL=valkey_url, PARLEY_METRICS_PORT=str(metrics_port)) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        await until_good(http, "/readyz")
        forwarded = await http.post("/address", json={}, headers={"X-Forwarded-For": "203.0.113.9"})
        assert forwarded.text == "203.0.113.9"
        assert "server" not in forwarded.headers
        counted = await http.get(f"http://127.0.0.1:{metrics_port}/metrics")
        assert 'parley_http_requests_total{status="2xx"}' in counted.text
        process.send_signal(signal_number)
        output, errors = await process.communicate()
        assert process.returncode == 0
    events = [json.loads(line) for line in output.splitlines()]
    assert errors == b""
    assert [event["event"] for event in events if event["event"] in {"started", "stopped"}] == ["started", "stopped"]
    assert {event["service"] for event in events} == {"tiny"}
    assert events[0]["address"] == f"http://127.0.0.1:{port}"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="how often it wakes up is told by Linux alone")
async def test_while_nobody_asks_it_wakes_up_seldom_and_dates_go_on(valkey_url: str) -> None:
    port, dates, awoken = find_free(1)[0], set[str](), list[int]()
    async with (
        program(port, PARLEY_REDIS_URL=valkey_url) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        await until_good(http, "/healthz")

        async def are_two_dates() -> bool:
            awoken.append(await asyncio.to_thread(times_awoken, process.pid))
            await asyncio.sleep(1.0)  # in which it is not asked
            awoken.append(await asyncio.to_thread(times_awoken, process.pid))
            dates.add((await http.get("/healthz")).headers["date"])
            return len(dates) > 1

        await eventually(are_two_dates)
    # For the date, and for Redis, which is asked and answers; uvicorn as it comes would look ten times besides.
    assert min(after - before for before, after in zip(awoken[::2], awoken[1::2], strict=True)) < 10


def times_awoken(pid: int) -> int:
    """How often its main thread has waited for something so far."""
    (line,) = [
        one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("voluntary_ctxt_switches")
    ]
    return int(line.split()[1])


async def test_a_fault_in_the_background_ends_it_in_an_orderly_way() -> None:
    (port,) = find_free(1)
    async with (
        program(port) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        await until_good(http, "/healthz")
        process.send_signal(signal.SIGUSR1)
        output, errors = await process.communicate()
    assert (process.returncode, errors) == (EXIT_FAULT, b"")
    events = [json.loads(line) for line in output.splitlines()]
    (fault,) = [event for event in events if event["event"] == "a background task failed"]
    assert fault["level"] == "error"
    assert "as the test wants it" in fault["exception"]
    assert events[-1]["event"] == "stopped"


async def test_a_taken_port_is_one_clear_line_and_an_exit_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with program(port) as process:
            _, errors = await process.communicate()
    assert process.returncode == EXIT_PORT_TAKEN
    (line,) = errors.decode().splitlines()
    assert line.startswith(f"tiny cannot listen on 127.0.0.1:{port}: Address already in use")


@pytest.mark.parametrize("host", ["203.0.113.1", "::ffff", "no such host"])
def test_a_host_that_is_not_ours_is_one_clear_line(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        listen_or_exit("tiny", host, 0)
    assert ended.value.code == EXIT_PORT_TAKEN
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tiny cannot listen on {host}:0: ")


async def test_a_wrong_setting_ends_it_before_it_begins() -> None:
    async with program(find_free(1)[0], PARLEY_LOG_LEVEL="loud") as process:
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.startswith(b"wrong setting: PARLEY_LOG_LEVEL='loud'")


# Metrics


@pytest.mark.parametrize("port", [None, 65_536])
def test_a_port_that_cannot_be_had_costs_the_metrics_only(port: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics.serve("127.0.0.1", port or taken.getsockname()[1])
    assert "metrics are not served" in capsys.readouterr().out


# Peers


class Searches(MetaPathFinder):
    """Asked first for whatever is imported and not yet there; finds nothing."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        self.names.append(fullname)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
async def test_metrics_are_served_over_ipv6_too() -> None:
    (port,) = find_free(1)
    metrics.serve("::1", port)
    async with httpx.AsyncClient(trust_env=False) as http:
        assert "parley_http_requests" in (await http.get(f"http://[::1]:{port}/metrics")).text


async def test_to_ask_a_peer_looks_for_no_module_on_the_disk() -> None:
    searches = Searches()
    async with serving(start(content_length="0"), body()) as port, httpx.AsyncClient(trust_env=False) as http:
        await http.get(f"http://127.0.0.1:{port}")  # what is loaded once, is
        sys.meta_path.insert(0, searches)
        try:
            await http.get(f"http://127.0.0.1:{port}")
        finally:
            sys.meta_path.remove(searches)
    assert searches.names == []


# What runs beside the body


async def test_what_runs_beside_the_body_ends_with_it() -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def beside() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("beside")

    async with asyncio.timeout(5), running(beside()):
        await begun.wait()
        assert ended == []
    assert ended == ["beside"]


async def test_what_fails_beside_the_body_is_logged_and_is_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    fault = RuntimeError("no reason to stop")

    async def beside() -> None:
        raise fault

    async def in_peace() -> None:
        return

    faults: asyncio.Queue[BaseException] = asyncio.Queue()
    async with asyncio.timeout(5), running(beside(), in_peace(), on_fault=faults.put_nowait):
        assert await faults.get() is fault
    assert faults.empty()
    said = capsys.readouterr().out
    assert "a background task failed" in said
    assert "no reason to stop" in said


async def test_from_sigterm_on_it_is_not_ready(valkey_url: str) -> None:
    (port,) = find_free(1)
    async with (
        program(port, PARLEY_REDIS_URL=valkey_url) as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        await until_good(http, "/healthz")
        await http.get("/readyz")  # so that there is a connection
        process.send_signal(signal.SIGTERM)
        answers: list[tuple[int, str]] = []
        with suppress(httpx.TransportError):  # in the end nobody listens
            while True:
                answer = await http.get("/readyz")
                answers.append((answer.status_code, answer.json()["status"]))
        assert set(answers) <= {(503, "stopping")}
        assert await process.wait() == 0
