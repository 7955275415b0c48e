"""Token buckets: how often somebody may do something, counted in this process."""

HOUR_S = 3_600
PEOPLE_REMEMBERED_MAX = 10_000


class TokenBucket:
    """Lets `per_second` events pass on average, `burst` at once. A rate of 0 lets everything pass."""

    __slots__ = ("_burst", "_per_second", "_tokens", "_updated_at_s")

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._updated_at_s = float("-inf")

    def take(self, now_s: float) -> bool:
        """Whether one more may pass at `now_s` (monotonic)."""
        if not self._per_second:
            return True
        self._gain(now_s)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def charge(self, count: int, now_s: float) -> None:
        """So many have passed elsewhere; that may leave a debt, which is worked off before one more passes."""
        self._gain(now_s)
        self._tokens -= count

    def _gain(self, now_s: float) -> None:
        gained = (now_s - self._updated_at_s) * self._per_second
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._updated_at_s = now_s

    def give_back(self) -> None:
        """What the last one took: it did not count after all."""
        self._tokens = min(float(self._burst), self._tokens + 1)


class TokenBuckets:
    """One for each person, which outlives their connections: coming back earns nobody a new burst."""

    def __init__(self, *, per_second: float, burst: int, people_max: int = PEOPLE_REMEMBERED_MAX) -> None:
        self._per_second = per_second
        self._burst = burst
        self._people_max = people_max
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, username: str, now_s: float) -> bool:
        """Whether one more of theirs may pass at `now_s` (monotonic)."""
        return self._bucket_of(username).take(now_s)

    def charge(self, username: str, count: int, now_s: float) -> None:
        """So many of theirs have passed elsewhere."""
        self._bucket_of(username).charge(count, now_s)

    def _bucket_of(self, username: str) -> TokenBucket:
        bucket = self._buckets.pop(username, None) or TokenBucket(per_second=self._per_second, burst=self._burst)
        self._buckets[username] = bucket  # behind all others: who was here longest ago is forgotten first
        if len(self._buckets) > self._people_max:
            del self._buckets[next(iter(self._buckets))]
        return bucket

    def give_back(self, username: str) -> None:
        if (bucket := self._buckets.get(username)) is not None:
            bucket.give_back()


def hourly(count: int) -> TokenBuckets:
    """So many an hour, and as many at once; 0 lets everything pass."""
    return TokenBuckets(per_second=count / HOUR_S, burst=count)
