"""Idle connections: what an open WebSocket costs in memory.

Measured: 2,000 different people each open a socket through the gateway; the growth of the proportional set
size of gateway and chat service together, divided by 2,000. A few connections are opened before the first
look, because what is loaded at the first use is no cost of the two thousandth. Then more come, until 9,000 are
open: what has to be there once costs each of them less. Each has its own person, token and session; the tokens
are signed here, because signing in is two password hashes each (see `people.py`).

Yardstick: the bare relay, one process, with as many sockets. The kernel's own socket buffers are in neither
figure.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
CONNECTION_KIB_MAX, CONNECTION_LATER_KIB_MAX = 10, 8


Growth = Mapping[str, float]  # for one connection, in KiB, by process


@dataclass(frozen=True, kw_only=True)
class Growths:
    """With the first connections, and with all."""

    first: Growth
    later: Growth


async def measure(effort: Effort, folder: Path) -> Report:
    count = PEOPLE_BEFORE + effort.people_idle_later
    secret = secrets.token_hex(32)
    async with TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system:
        processes = {"gateway": system.pids["gateway"], "chat service": system.pids["chat"]}
        parley = await _growths(effort, system.ws_url, people_with_tokens(secret, count), processes)
    async with uvicorn("bench.baseline_relay:app", folder / "relay") as server:
        relay_url = f"ws://127.0.0.1:{server.port}"
        relay = await _growths(effort, relay_url, people_of_the_relay(count), {"relay": server.pid})
    return _report(effort, parley, relay)


async def _growths(effort: Effort, ws_url: str, people: Sequence[Person], processes: Mapping[str, int]) -> Growths:
    earlier, first = people[:PEOPLE_BEFORE], people[PEOPLE_BEFORE : PEOPLE_BEFORE + effort.people_idle]
    later = people[PEOPLE_BEFORE + effort.people_idle :]
    async with connected(ws_url, earlier):
        before = await _settled_kib(processes)
        async with connected(ws_url, first) as connections:
            with_first = await _settled_kib(processes)
            async with connected(ws_url, later) as more:
                with_all = await _settled_kib(processes)
                if any(connection.closed for connection in [*connections, *more]):
                    raise WrongResult("not all connections stayed open")
    return Growths(
        first={name: (with_first[name] - before[name]) / len(first) for name in processes},
        later={name: (with_all[name] - before[name]) / (len(first) + len(later)) for name in processes},
    )


async def _settled_kib(processes: Mapping[str, int]) -> dict[str, int]:
    await asyncio.sleep(SETTLING_TIME_S)
    return {name: memory_kib(pid) for name, pid in processes.items()}


def _report(effort: Effort, parley: Growths, relay: Growths) -> Report:
    rows = [
        (effort.people_idle, parley.first, relay.first, CONNECTION_KIB_MAX),
        (effort.people_idle_later, parley.later, relay.later, CONNECTION_LATER_KIB_MAX),
    ]
    return Report(
        title="Idle connections: different people with one open socket each",
        yardstick_name="bare relay",
        figures=[
            Figure(
                what=f"memory a connection, of {count:,}",
                unit="KiB",
                parley=sum(ours.values()),
                yardstick=sum(theirs.values()),
                bar=NoMoreThan(bar, "KiB"),
            )
            for count, ours, theirs, bar in rows
        ],
        notes=[
            f"of {count:,}: " + ", ".join(f"{name} {kib:.1f} KiB" for name, kib in ours.items())
            for count, ours, *_ in rows
        ],
    )
