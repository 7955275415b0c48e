"""Rates: how many frames a second a connection may send, and how often it is told of too many."""

TOLD_INTERVAL_S = 1.0


class FrameRate:
    """Lets `per_second_max` frames pass each second, in any rhythm (the generic cell rate algorithm, ITU-T I.371).

    A rate of 0 lets everything pass.
    """

    __slots__ = ("_due_s", "_interval_s", "_told_at_s")

    def __init__(self, per_second_max: int) -> None:
        self._interval_s = 1 / per_second_max if per_second_max else 0.0
        self._due_s = float("-inf")  # when the next frame would come in an even rhythm
        self._told_at_s = float("-inf")

    def take(self, now_s: float) -> bool:
        """Whether one more frame may pass at `now_s` (monotonic)."""
        due_s = max(self._due_s, now_s) + self._interval_s
        if due_s - now_s > 1 + self._interval_s / 2:  # half an interval, for the rounding of floats
            return False
        self._due_s = due_s
        return True

    def tell(self, now_s: float) -> bool:
        """Whether it is time to tell of a frame too many: once in TOLD_INTERVAL_S."""
        if now_s - self._told_at_s < TOLD_INTERVAL_S:
            return False
        self._told_at_s = now_s
        return True
