"""Idle connections: what an open WebSocket costs in memory.

Measured: 2,000 different people each open a socket through the gateway; the growth of the proportional set
size of gateway and chat service together, divided by 2,000. A few connections are opened before the first
look, because what is loaded at the first use is no cost of the two thousandth. Each has its own person, token
and session; the tokens are signed here, because signing in is two password hashes each (see `people.py`).

Yardstick: the bare relay, one process, with as many sockets. The kernel's own socket buffers are in neither
figure.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.chat_client import connected
from bench.machine import memory_kib
from bench.people import NO_LIMITS, Person, people_of_the_relay, people_with_tokens
from bench.rounds import Effort, WrongResult
from bench.table import Figure, NoMoreThan, Report
from bench.web_servers import uvicorn
from launcher.temporary_system import TemporarySystem

PEOPLE_BEFORE = 20
SETTLING_TIME_S = 5.0  # longer than the grace of presence
CONNECTION_KIB_MAX = 40


Growth = Mapping[str, float]  # for one connection, in KiB, by process


async def measure(effort: Effort, folder: Path) -> Report:
    count = PEOPLE_BEFORE + effort.people_idle
    secret = secrets.token_hex(32)
    async with TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        processes = {"gateway": system.pids["gateway"], "chat service": system.pids["chat"]}
        parley = await _growth(system.ws_url, people_with_tokens(secret, count), processes)
    async with uvicorn("bench.baseline_relay:app", folder / "relay") as server:
        relay_url = f"ws://127.0.0.1:{server.port}"
        relay = await _growth(relay_url, people_of_the_relay(count), {"relay": server.pid})
    return _report(effort, parley, relay)


async def _growth(ws_url: str, people: Sequence[Person], processes: Mapping[str, int]) -> Growth:
    async with connected(ws_url, people[:PEOPLE_BEFORE]):
        before = await _settled_kib(processes)
        async with connected(ws_url, people[PEOPLE_BEFORE:]) as connections:
            after = await _settled_kib(processes)
            if any(connection.closed for connection in connections):
                raise WrongResult("not all connections stayed open")
            return {name: (after[name] - before[name]) / len(connections) for name in processes}


async def _settled_kib(processes: Mapping[str, int]) -> dict[str, int]:
    await asyncio.sleep(SETTLING_TIME_S)
    return {name: memory_kib(pid) for name, pid in processes.items()}


def _report(effort: Effort, parley: Growth, relay: Growth) -> Report:
    parts = ", ".join(f"{name} {kib:.1f} KiB" for name, kib in parley.items())
    return Report(
        title=f"Idle connections: {effort.people_idle:,} people with one open socket each",
        yardstick_name="bare relay",
        figures=[
            Figure(
                what="memory a connection",
                unit="KiB",
                parley=sum(parley.values()),
                yardstick=sum(relay.values()),
                bar=NoMoreThan(CONNECTION_KIB_MAX, "KiB"),
            )
        ],
        notes=[f"of which {parts}"],
    )
