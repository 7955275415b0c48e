"""Rounds of Parley and of its yardstick in turn, so that a busy moment of the machine hits both."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much work one run is."""

    rounds: int
    round_s: float
    people_idle: int
    people_idle_later: int
    people_in_a_room: int
    room_messages: int
    resumes: int
    messages_to_search: int
    queries_of_a_kind: int
    people_reconnecting: int
    pictures: int
    file_mib: int
    watchers: int
    lag_s: float


FULL = Effort(
    rounds=3,
    round_s=4.0,
    people_idle=2_000,
    people_idle_later=9_000,
    people_in_a_room=1_000,
    room_messages=100,
    resumes=30,
    messages_to_search=100_000,
    queries_of_a_kind=32,
    people_reconnecting=1_000,
    pictures=24,
    file_mib=100,
    watchers=50,
    lag_s=60.0,
)
QUICK = Effort(
    rounds=1,
    round_s=1.0,
    people_idle=100,
    people_idle_later=300,
    people_in_a_room=100,
    room_messages=20,
    resumes=10,
    messages_to_search=4_000,
    queries_of_a_kind=4,
    people_reconnecting=100,
    pictures=6,
    file_mib=8,
    watchers=10,
    lag_s=5.0,
)


def percentile_ms(times_s: Sequence[float], percentile: int) -> float:
    return 1000 * sorted(times_s)[len(times_s) * percentile // 100]


class WrongResult(Exception):
    """Something was lost, doubled, misplaced or refused, so that a figure would mean nothing."""


@dataclass(frozen=True)
class Compared(Generic[Result]):
    parley: Sequence[Result]
    yardstick: Sequence[Result]

    def medians(self, value_of: Callable[[Result], float]) -> tuple[float, float]:
        """Parley's and the yardstick's."""
        return median(map(value_of, self.parley)), median(map(value_of, self.yardstick))

    def every_round(self, value_of: Callable[[Result], float]) -> str:
        """All values behind the medians, so that a reader sees how steady the machine was."""
        sides = ([f"{value_of(one):,.0f}" for one in side] for side in (self.parley, self.yardstick))
        return " against ".join(" · ".join(values) for values in sides)


async def alternate(
    rounds: int, *, parley: Callable[[], Awaitable[Result]], yardstick: Callable[[], Awaitable[Result]]
) -> Compared[Result]:
    compared: tuple[list[Result], list[Result]] = ([], [])
    for _ in range(rounds):
        compared[0].append(await parley())
        compared[1].append(await yardstick())
    return Compared(*compared)
