"""Rates: how many frames a second a connection may send."""


class FrameRate:
    """Lets `per_second_max` frames pass each second, in any rhythm (the generic cell rate algorithm, ITU-T I.371).

    A rate of 0 lets everything pass.
    """

    __slots__ = ("_due_s", "_interval_s")

    def __init__(self, per_second_max: int) -> None:
        self._interval_s = 1 / per_second_max if per_second_max else 0.0
        self._due_s = float("-inf")  # when the next frame would come in an even rhythm

    def take(self, now_s: float) -> bool:
        """Whether one more frame may pass at `now_s` (monotonic)."""
        due_s = max(self._due_s, now_s) + self._interval_s
        if due_s - now_s > 1 + self._interval_s / 2:  # half an interval, for the rounding of floats
            return False
        self._due_s = due_s
        return True
