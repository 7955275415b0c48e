"""The time of day that tests choose."""

NOW_S = 1_800_000_000


class Clock:
    """Stands still until it is told otherwise; seconds since the epoch."""

    def __init__(self) -> None:
        self.now: float = NOW_S

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds
