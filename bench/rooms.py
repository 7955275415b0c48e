"""One room with 1,000 connected members: what a message to all of them takes.

Measured: the time from handing a message to its sender's socket until the last of the members has it parsed,
one message at a time; all sockets are held by one process with one clock. Each member is a person of their
own, who entered the lobby by opening `/api/ws/chat`. The message passes the gateway, is on disk before
anyone gets it, and passes the gateway again a thousand times.

Yardstick: `bench/baseline_room.py`, which writes what it reads to as many sockets. Every member has to get every
message exactly once and in order, or the run fails.
"""

import asyncio
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from bench.chat_client import PATH, Connection, Event, connected
from bench.machine import processor_time_s
from bench.people import NO_LIMITS, people_of_the_relay, people_with_tokens
from bench.processes import free_port, running
from bench.rounds import Compared, Effort, WrongResult, alternate, percentile_ms
from bench.table import Figure, Report
from launcher.temporary_system import TemporarySystem

ROOM_PATH = "/api/ws/chat?room=lobby&token={key}"
NUMBER_DIGITS = 9
TEXT_AFTER_THE_NUMBER = " Shall we meet at the station at noon, or rather in the café next to it?"
ARRIVAL_TIME_S_MAX = 30.0
SETTLING_TIME_S = 0.5  # a doubled message would have come by then
WARM_UP_MESSAGES = 5
FAULTS_SHOWN_MAX = 20

clock = time.perf_counter


@dataclass(frozen=True, kw_only=True)
class Round:
    """`share` is how much of one core each process needed, the client among them."""

    delays_s: Sequence[float]
    share: dict[str, float]


class Members:
    """Everybody in the room. Messages are numbered; each member has to get the next one."""

    def __init__(self, connections: Sequence[Connection], processes: dict[str, int]) -> None:
        self.faults: list[str] = []
        self._processes = processes
        self._writer = connections[0]
        self._sent = 0
        self._received = [0] * len(connections)
        self._missing = 0
        for member, connection in enumerate(connections):
            connection.on_event = partial(self._on_event, member)

    async def round(self, messages: int) -> Round:
        """Raises WrongResult."""
        for _ in range(WARM_UP_MESSAGES):
            await self._say()
        started, before_s = clock(), self._processor_times_s()
        delays_s = [await self._say() for _ in range(messages)]
        elapsed_s, after_s = clock() - started, self._processor_times_s()
        await asyncio.sleep(SETTLING_TIME_S)
        if self.faults:
            raise WrongResult("\n".join(self.faults[:FAULTS_SHOWN_MAX]))
        return Round(delays_s=delays_s, share={name: (after_s[name] - before_s[name]) / elapsed_s for name in after_s})

    async def _say(self) -> float:
        """The time until the last member had the message."""
        frame = msgspec.json.encode({"message": f"{self._sent:0{NUMBER_DIGITS}}{TEXT_AFTER_THE_NUMBER}"})
        self._sent += 1
        self._missing = len(self._received)
        self._all_have_it: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        started = clock()
        self._writer.send(frame)
        try:
            async with asyncio.timeout(ARRIVAL_TIME_S_MAX):
                return await self._all_have_it - started
        except TimeoutError:
            faults = "\n".join(self.faults[:FAULTS_SHOWN_MAX])
            raise WrongResult(f"message {self._sent - 1}: {self._missing} members lack it\n{faults}") from None

    def _on_event(self, member: int, event: Event) -> None:
        if event.type == "error":
            self.faults.append(f"member {member}: error: {event.code}")
        if event.type not in {"message", "sent"}:
            return
        due = self._received[member]
        if event.conversation != "#lobby" or int(event.message[:NUMBER_DIGITS]) != due or due == self._sent:
            self.faults.append(f"member {member}: {event.message[:NUMBER_DIGITS]} came where {due} was due")
            return
        self._received[member] += 1
        self._missing -= 1
        if not self._missing:
            self._all_have_it.set_result(clock())

    def _processor_times_s(self) -> dict[str, float]:
        servers = {name: processor_time_s(pid) for name, pid in self._processes.items()}
        return {**servers, "client": time.process_time()}


async def measure(effort: Effort, folder: Path) -> Report:
    count, secret, port = effort.people_in_a_room, secrets.token_hex(32), free_port()
    command = [sys.executable, "-m", "bench.baseline_room", str(port)]
    async with (
        TemporarySystem(folder / "data", environment={**NO_LIMITS, "SECRET_KEY": secret}) as system,
        running(command, port=port, folder=folder / "room") as server,
    ):
        started = clock()
        async with connected(system.ws_url, people_with_tokens(secret, count), path=ROOM_PATH) as members:
            entering_s = clock() - started
            async with connected(f"ws://127.0.0.1:{port}", people_of_the_relay(count), path=PATH) as bare_members:
                processes = {name: system.pids[name] for name in ("gateway", "chat", "valkey")}
                parley, bare = Members(members, processes), Members(bare_members, {"server": server.pid})
                await asyncio.sleep(SETTLING_TIME_S)
                compared = await alternate(
                    effort.rounds,
                    parley=lambda: parley.round(effort.room_messages),
                    yardstick=lambda: bare.round(effort.room_messages),
                )
    return _report(effort, compared, entering_s)


def _report(effort: Effort, compared: Compared[Round], entering_s: float) -> Report:
    count = effort.people_in_a_room
    p50 = compared.medians(lambda one: percentile_ms(one.delays_s, 50))
    p99 = compared.medians(lambda one: percentile_ms(one.delays_s, 99))
    return Report(
        title=f"Rooms: one message to {count:,} connected members, one at a time",
        yardstick_name="bare loop of writes",
        figures=[
            Figure(what="until the last has it: p50", unit="ms", parley=p50[0], yardstick=p50[1]),
            Figure(what="until the last has it: p99", unit="ms", parley=p99[0], yardstick=p99[1]),
            Figure(what="p50 a member", unit="µs", parley=1000 * p50[0] / count, yardstick=1000 * p50[1] / count),
        ],
        notes=[
            f"p50 in each round, ms: {compared.every_round(lambda one: percentile_ms(one.delays_s, 50))}",
            f"share of one core: {_shares(compared.parley)}; beside the yardstick: {_shares(compared.yardstick)}",
            f"entering, {count:,} people one after another, each told to all who are in the room: {entering_s:.1f} s",
        ],
    )


def _shares(rounds: Sequence[Round]) -> str:
    return ", ".join(f"{name} {share:.2f}" for name, share in rounds[-1].share.items())
