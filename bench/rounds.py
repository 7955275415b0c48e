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


FULL = Effort(rounds=3, round_s=4.0, people_idle=2_000)
QUICK = Effort(rounds=1, round_s=1.0, people_idle=100)


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
