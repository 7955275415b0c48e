"""Engines: 1:1 messages with chat on PostgreSQL beside chat on SQLite, and what a message costs over more instances.

Measured: as in `bench/messages.py`, with the store in a PostgreSQL of the run's own on the same disk, `fsync` on. And
the processor time of a message at 64 pairs, in all chat instances, the gateway and Valkey together, with one, three and
six chat instances on each engine; PostgreSQL's own is told apart.

Yardstick: the same Parley on SQLite; and for a message over six instances, the same over one.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.machine import processor_time_s
from bench.messages import MANY_PAIRS, ONE_PAIR, Exchange, Shape, Side, delivered_per_s, exchange
from bench.people import NO_LIMITS, sign_up_people
from bench.rounds import Compared, Effort, alternate
from bench.table import Figure, NoMoreThan, RatioAtLeast, RatioNoMoreThan, Report
from launcher.temporary_postgres import TemporaryPostgres
from launcher.temporary_system import TemporarySystem

RATE_RATIO_MIN = 0.7
P50_MS_MAX = 3
INSTANCES = (1, 3, 6)
COST_RATIO_MAX = 1.3


@dataclass(frozen=True)
class Cost:
    """In microseconds of processor time a message."""

    parley: float
    database: float


async def measure(effort: Effort, folder: Path) -> Report:
    beside = folder.parent  # on the same disk; into `folder` itself its user may not look
    with closing(TemporaryPostgres(within=beside, options={"max_connections": "200"})) as postgres:
        postgres.start()
        one, many = await _compare(effort, folder, postgres.new_database())
        costs = {
            engine: [await _cost(effort, folder / f"{engine}-{count}", postgres, url, count) for count in INSTANCES]
            for engine, url in (("SQLite", ""), ("PostgreSQL", "its own"))
        }
    return _report(one, many, costs)


async def _compare(effort: Effort, folder: Path, url: str) -> tuple[Compared[Exchange], Compared[Exchange]]:
    people_count = 2 * MANY_PAIRS.pairs
    async with (
        TemporarySystem(folder / "there", environment={**NO_LIMITS, "PARLEY_CHAT_DATABASE_URL": url}) as there,
        TemporarySystem(folder / "here", environment=NO_LIMITS) as here,
    ):
        sides = [Side(system.ws_url, await sign_up_people(system.url, people_count)) for system in (there, here)]
        one = await _alternate(sides[0], sides[1], ONE_PAIR, effort)
        many = await _alternate(sides[0], sides[1], MANY_PAIRS, effort)
    return one, many


async def _alternate(there: Side, here: Side, shape: Shape, effort: Effort) -> Compared[Exchange]:
    return await alternate(
        effort.rounds,
        parley=lambda: exchange(there, shape, effort.round_s),
        yardstick=lambda: exchange(here, shape, effort.round_s),
    )


async def _cost(effort: Effort, folder: Path, postgres: TemporaryPostgres, url: str, instances: int) -> Cost:
    environment = {**NO_LIMITS, "PARLEY_CHAT_DATABASE_URL": postgres.new_database() if url else ""}
    async with TemporarySystem(folder, chat_instances=instances, environment=environment) as system:
        side = Side(system.ws_url, await sign_up_people(system.url, 2 * MANY_PAIRS.pairs))
        await exchange(side, MANY_PAIRS, effort.round_s)  # all is warm, and every pair knows each other
        counted = [pid for name, pid in system.pids.items() if name.startswith(("chat", "gateway", "valkey"))]
        before = sum(map(processor_time_s, counted)), _of_all(postgres.pid)
        done = await exchange(side, MANY_PAIRS, 2 * effort.round_s)
        after = sum(map(processor_time_s, counted)), _of_all(postgres.pid)
    parley_s, database_s = (later - earlier for later, earlier in zip(after, before, strict=True))
    return Cost(1e6 * parley_s / len(done.delays_s), 1e6 * database_s / len(done.delays_s))


def _of_all(pid: int) -> float:
    """Of the server and of its sessions."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(processor_time_s, [pid, *map(int, children)]))


def _report(one: Compared[Exchange], many: Compared[Exchange], costs: Mapping[str, Sequence[Cost]]) -> Report:
    delays = one.medians(lambda round_: round_.delay_ms(50))
    rates = many.medians(delivered_per_s)
    return Report(
        title="PostgreSQL and SQLite: 1:1 messages, on disk",
        yardstick_name="SQLite; or one instance",
        figures=[
            Figure(
                what="1 pair: p50, send to delivery",
                unit="ms",
                parley=delays[0],
                yardstick=delays[1],
                bar=NoMoreThan(P50_MS_MAX, "ms"),
            ),
            Figure(
                what="64 pairs: delivered",
                unit="/s",
                parley=rates[0],
                yardstick=rates[1],
                bar=RatioAtLeast(RATE_RATIO_MIN),
            ),
            *(
                Figure(
                    what=f"{engine}: processor time a message, {INSTANCES[-1]} chat instances",
                    unit="µs",
                    parley=of_all[-1].parley,
                    yardstick=of_all[0].parley,
                    bar=RatioNoMoreThan(COST_RATIO_MAX),
                )
                for engine, of_all in costs.items()
            ),
        ],
        notes=[f"64 pairs, delivered a second in each round: {many.every_round(delivered_per_s)}"]
        + [_told(engine, of_all) for engine, of_all in costs.items()],
    )


def _told(engine: str, costs: Sequence[Cost]) -> str:
    shown = (
        f"{count}: {cost.parley:.0f} µs" + (f" and {cost.database:.0f} in PostgreSQL" if engine == "PostgreSQL" else "")
        for count, cost in zip(INSTANCES, costs, strict=True)
    )
    return f"{engine}, chat instances and processor time a message: " + ", ".join(shown)
