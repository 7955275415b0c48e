"""Rates: a token bucket, in whole numbers of events."""


class TokenBucket:
    """Lets `per_second` events pass on average, `burst` at once. A rate of 0 lets everything pass."""

    __slots__ = ("_burst", "_per_second", "_tokens", "_updated_at_s")

    def __init__(self, *, per_second: int, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._updated_at_s = float("-inf")

    def take(self, now_s: float) -> bool:
        """Whether one more may pass at `now_s` (monotonic)."""
        if not self._per_second:
            return True
        gained = (now_s - self._updated_at_s) * self._per_second
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._updated_at_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
