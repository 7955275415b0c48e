"""Message rates: how many commands a person may send, over all instances.

Each instance counts in buckets of its own, without asking anybody, and tells the others afterwards what it let pass:
once a second of everybody, and of who floods as soon as it is a share of the burst. What passed elsewhere is taken out
of the bucket here, which may be left in debt. So for who is on one instance nothing changes, and on several they have
the rate of one, in the long run exactly (docs/decisions/0038-limits-over-instances.md).
"""

import asyncio
import secrets
from collections.abc import Callable

from servicekit.bus import Bus
from servicekit.token_buckets import TokenBuckets

CHANNEL = "passed-messages"
TELL_INTERVAL_S = 1.0
_SHARES_OF_BURST = 4


class MessageRates:
    """While Redis is away each instance counts for itself. A rate of 0 lets everything pass."""

    def __init__(
        self,
        *,
        bus: Bus,
        per_second: int,
        burst: int,
        monotonic: Callable[[], float],
        tell_interval_s: float = TELL_INTERVAL_S,
        channel: str = CHANNEL,
    ) -> None:
        self._bus = bus
        self._own = secrets.token_hex(8)
        self._channel_name = channel
        self._channel = bus.channel(channel)
        self.per_second = per_second
        self._buckets = TokenBuckets(per_second=per_second, burst=burst)
        self._untold: dict[str, int] = {}
        self._untold_max = max(1, burst // _SHARES_OF_BURST)
        self._monotonic = monotonic
        self._tell_interval_s = tell_interval_s
        self._telling: asyncio.TimerHandle | None = None  # while there is something untold

    def take(self, username: str) -> bool:
        """Whether one more of theirs may pass now."""
        if not self.per_second:
            return True
        if not self._buckets.take(username, self._monotonic()):
            return False
        untold = self._untold[username] = self._untold.get(username, 0) + 1
        if untold >= self._untold_max:
            del self._untold[username]
            self._tell({username: untold})
        elif self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(self._tell_interval_s, self._tell_all)
        return True

    async def listen(self) -> None:
        """Be told what passes elsewhere."""
        if self.per_second:
            await self._bus.subscribe(self._channel_name, self._on_told)

    def close(self) -> None:
        """Nothing more is told."""
        if self._telling is not None:
            self._telling.cancel()

    def _tell_all(self) -> None:
        self._telling = None
        if self._untold:
            untold, self._untold = self._untold, {}
            self._tell(untold)

    def _tell(self, passed: dict[str, int]) -> None:
        """`<instance> <username> <count> <username> <count> …`; no name holds a blank."""
        words = [self._own, *(f"{username} {count}" for username, count in passed.items())]
        self._bus.send(("PUBLISH", self._channel, " ".join(words)))

    def _on_told(self, payload: bytes) -> None:
        instance, *passed = payload.decode().split(" ")
        if instance == self._own:
            return
        now_s = self._monotonic()
        for username, count in zip(passed[::2], passed[1::2], strict=True):
            self._buckets.charge(username, int(count), now_s)
