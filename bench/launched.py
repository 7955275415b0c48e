"""All of Parley as `make run` starts it, with its time to be ready and the ids of its processes."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from launcher import ports, processes, readiness
from launcher.plan import Program

READY_TIME_S_MAX = 30.0
_SERVICES = ("auth", "chat", "media", "video")

clock = time.perf_counter


@dataclass(frozen=True, kw_only=True)
class Launched:
    """`pids` are those of the launcher and of all that it started, by name."""

    url: str
    ready_s: float
    pids: Mapping[str, int]


class NotReady(Exception):
    """The text holds what was said."""


class _Line(msgspec.Struct):
    """Of the log: a service tells its process id at its start."""

    event: str = ""
    service: str = ""
    pid: int = 0


@asynccontextmanager
async def launched(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Launched]:
    """On free ports, with its data and its log in `folder`, which is made. Raises NotReady."""
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    port, *service_ports = ports.find_free(1 + len(_SERVICES))
    urls = {
        f"PARLEY_{name.upper()}_URL": f"http://127.0.0.1:{one}"
        for name, one in zip(_SERVICES, service_ports, strict=True)
    }
    own = {"PARLEY_PORT": f"{port}", "PARLEY_DATA_DIR": f"{folder / 'data'}", **urls}
    program = Program(
        name="launcher",
        command=(sys.executable, "-m", "launcher"),
        environment={**os.environ, **own, **environment},
    )
    url, log = f"http://127.0.0.1:{port}", folder / "log"
    with log.open("wb") as output:
        started_s = clock()
        process = await processes.spawn(program, output)
    try:
        await _ready(url, log)
        ready_s = clock() - started_s
        yield Launched(url=url, ready_s=ready_s, pids=_pids(process.pid, log))
    finally:
        await processes.end(process)


async def _ready(url: str, log: Path) -> None:
    try:
        async with asyncio.timeout(READY_TIME_S_MAX), httpx.AsyncClient(trust_env=False) as client:
            while not await readiness.is_ready(client, url):
                await asyncio.sleep(readiness.POLL_INTERVAL_S)
    except TimeoutError:
        raise NotReady(log.read_text()) from None  # noqa: ASYNC240 - it is the end


def _pids(launcher: int, log: Path) -> dict[str, int]:
    lines = (line.partition(b"| {") for line in log.read_bytes().splitlines())
    told = [msgspec.json.decode(b"{" + record, type=_Line) for _, found, record in lines if found]
    services = {line.service: line.pid for line in told if line.event == "started"}
    children = map(int, Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split())
    (valkey,) = {*children} - {*services.values()}
    return {"launcher": launcher, **dict(sorted(services.items())), "Valkey": valkey}
