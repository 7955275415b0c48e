"""Footprint: what all of Parley takes of memory, and how long it takes to be ready.

Measured: the command of `make run`, from its start until `/readyz` of the gateway says that every service and Redis do
their work, in each round with a fresh folder of data. Memory is the proportional set size of all processes together,
the launcher and Valkey among them: a page of several processes counts once. Fresh is after a moment of rest; used is
after people have signed up, written, looked at pages in each language, shown a picture and sent live video. Before that
nobody asks anything for a while, and what the processor does then is counted. (A virtual machine with nothing else to
do counts several times as much for each time that a process wakes up.)

Yardstick: five bare services (`bench/baseline_service.py`), a uvicorn process each, started at once, until all listen;
used is after they have answered once.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
from picows import WSMsgType

from bench.launched import Launched, clock, launched
from bench.machine import memory_kib, processor_time_s
from bench.people import NO_LIMITS, Person, sign_up_people
from bench.rounds import Compared, Effort, alternate
from bench.table import Figure, NoMoreThan, Report
from bench.video_client import connected, scene
from bench.web_servers import uvicorn

SERVICES = 5
REST_S = 2.0
IDLE_S = 5.0
MEMORY_MIB_MAX = 200
READY_S_MAX = 1.5
MESSAGES = 50
FRAMES = 60
FRAME_SIZE = (640, 480)
LANGUAGES = ("en", "de")

MiB = Mapping[str, float]  # by process


@dataclass(frozen=True, kw_only=True)
class Round:
    ready_s: float
    fresh: MiB
    used: MiB
    idle_ms_per_s: float


async def measure(effort: Effort, folder: Path) -> Report:
    numbers = iter(range(2 * effort.rounds))
    compared = await alternate(
        effort.rounds,
        parley=lambda: _parley(folder / f"parley-{next(numbers)}"),
        yardstick=lambda: _bare(folder / f"bare-{next(numbers)}"),
    )
    return _report(compared)


async def _parley(folder: Path) -> Round:
    async with launched(folder, NO_LIMITS) as parley:
        await asyncio.sleep(REST_S)
        fresh, idle = _memory_mib(parley.pids), await _idle_ms_per_s(parley.pids)
        await _use(parley)
        await asyncio.sleep(REST_S)
        return Round(ready_s=parley.ready_s, fresh=fresh, used=_memory_mib(parley.pids), idle_ms_per_s=idle)


def _memory_mib(pids: Mapping[str, int]) -> MiB:
    return {name: memory_kib(pid) / 1024 for name, pid in pids.items()}


async def _idle_ms_per_s(pids: Mapping[str, int]) -> float:
    before_s = sum(map(processor_time_s, pids.values()))
    await asyncio.sleep(IDLE_S)
    return 1000 * (sum(map(processor_time_s, pids.values())) - before_s) / IDLE_S


async def _use(parley: Launched) -> None:
    ada, grace = await sign_up_people(parley.url, 2)
    async with httpx.AsyncClient(base_url=parley.url, timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {ada.key}"
        (jpeg, *_) = scene(FRAME_SIZE, 1)
        uploaded = await client.post("/api/user/upload-files", files={"files": ("a.jpg", jpeg, "image/jpeg")})
        picture = uploaded.raise_for_status().json()["files"][0]["id"]
        for number in range(MESSAGES):
            body = {"message": f"Message {number}", **({"attachments": [picture]} if number == 0 else {})}
            (await client.post(f"/api/messages/{grace.username}", json=body)).raise_for_status()
        for page in ("/", f"/chat/{grace.username}", "/settings", "/video", "/docs"):
            for language in LANGUAGES:
                headers = {"Cookie": f"access_token={ada.key}", "Accept-Language": language}
                (await client.get(page, headers=headers)).raise_for_status()
    await _send_video(parley.url, grace)


async def _send_video(url: str, person: Person) -> None:
    done = asyncio.Event()
    jpegs = scene(FRAME_SIZE, 12)
    ws_url = f"ws://{urlsplit(url).netloc}"
    async with connected(ws_url, [person], "?effect=faces", jpegs, WSMsgType.BINARY) as (sender,):
        sender.on_answer = lambda _: done.set() if sender.answered >= FRAMES else None
        sender.push()
        async with asyncio.timeout(60):
            await done.wait()


async def _bare(folder: Path) -> Round:
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    async with AsyncExitStack() as stack:
        started_s = clock()
        servers = await asyncio.gather(
            *(
                stack.enter_async_context(uvicorn("bench.baseline_service:app", folder / f"{number}"))
                for number in range(SERVICES)
            )
        )
        ready_s = clock() - started_s
        pids = {f"{server.port}": server.pid for server in servers}
        await asyncio.sleep(REST_S)
        fresh, idle = _memory_mib(pids), await _idle_ms_per_s(pids)
        async with httpx.AsyncClient() as client:
            for server in servers:
                (await client.get(f"http://127.0.0.1:{server.port}/")).raise_for_status()
        return Round(ready_s=ready_s, fresh=fresh, used=_memory_mib(pids), idle_ms_per_s=idle)


def _report(compared: Compared[Round]) -> Report:
    fresh, bare_fresh = compared.medians(lambda one: sum(one.fresh.values()))
    used, bare_used = compared.medians(lambda one: sum(one.used.values()))
    idle, bare_idle = compared.medians(lambda one: one.idle_ms_per_s)
    ready_s, bare_ready_s = compared.medians(lambda one: one.ready_s)
    memory_bar, time_bar = NoMoreThan(MEMORY_MIB_MAX, "MiB"), NoMoreThan(READY_S_MAX, "s")
    return Report(
        title="Footprint: all processes of `make run`",
        yardstick_name=f"{SERVICES} bare services",
        figures=[
            Figure(what="memory, fresh", unit="MiB", parley=fresh, yardstick=bare_fresh, bar=memory_bar),
            Figure(what="memory, used", unit="MiB", parley=used, yardstick=bare_used),
            Figure(what="processor time while nobody asks", unit="ms/s", parley=idle, yardstick=bare_idle),
            Figure(what="from start to ready", unit="s", parley=ready_s, yardstick=bare_ready_s, bar=time_bar),
        ],
        notes=[
            "fresh: " + _parts([one.fresh for one in compared.parley]),
            "used: " + _parts([one.used for one in compared.parley]),
            "ready in each round, ms: " + compared.every_round(lambda one: 1000 * one.ready_s),
        ],
    )


def _parts(rounds: list[MiB]) -> str:
    return ", ".join(f"{name} {median(one[name] for one in rounds):.1f} MiB" for name in rounds[0])
