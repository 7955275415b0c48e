"""The report: figures with their yardsticks and bars, as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value and the same measured on its yardstick, both in `unit`."""

    what: str
    unit: str
    parley: float
    yardstick: float
    bar: "Bar | None" = None

    @property
    def ratio(self) -> float:
        return self.parley / self.yardstick


class Bar(Protocol):
    def holds(self, figure: Figure) -> bool: ...


@dataclass(frozen=True)
class RatioAtLeast:
    ratio_min: float

    def holds(self, figure: Figure) -> bool:
        return figure.ratio >= self.ratio_min

    def __str__(self) -> str:
        return f"ratio ≥ {self.ratio_min}"


@dataclass(frozen=True)
class RatioNoMoreThan:
    ratio_max: float

    def holds(self, figure: Figure) -> bool:
        return figure.ratio <= self.ratio_max

    def __str__(self) -> str:
        return f"ratio ≤ {self.ratio_max}"


@dataclass(frozen=True)
class NoMoreThan:
    value_max: float
    unit: str

    def holds(self, figure: Figure) -> bool:
        return figure.parley <= self.value_max

    def __str__(self) -> str:
        return f"≤ {self.value_max} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class Report:
    title: str
    yardstick_name: str
    figures: Sequence[Figure]
    notes: Sequence[str] = ()


def render(report: Report) -> str:
    lines = [f"### {report.title}", ""]
    lines += [
        f"| | Parley | {report.yardstick_name} | ratio | bar | |",
        "| --- | ---: | ---: | ---: | --- | --- |",
    ]
    lines += [_row(figure) for figure in report.figures]
    lines += ["", *(f"- {note}" for note in report.notes), ""]
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    cells = [
        figure.what,
        f"{_number(figure.parley)} {figure.unit}",
        f"{_number(figure.yardstick)} {figure.unit}",
        _number(figure.ratio),
        *_verdict(figure),
    ]
    return f"| {' | '.join(cells)} |"


def _verdict(figure: Figure) -> tuple[str, str]:
    if figure.bar is None:
        return "", ""
    return str(figure.bar), "pass" if figure.bar.holds(figure) else "**miss**"


def _number(value: float) -> str:
    """Three digits that count: 51,900 · 34.2 · 0.87."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
