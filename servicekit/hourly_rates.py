"""Hourly rates: what a person may do so often an hour, over all instances.

Redis has one key a person, the time by which all that was taken will have been earned again (the generic cell rate
algorithm, ITU-T I.371): a token bucket in one number, which expires when the bucket is full. Each instance counts
beside it, so that its own count holds where Redis does not answer in time.
"""

from collections.abc import Callable
from math import ceil

from servicekit.bus import Bus
from servicekit.prompt_replies import PromptReply
from servicekit.token_buckets import HOUR_S, hourly

_HOUR_MS = 1_000 * HOUR_S
_REFUSED = 0
_TAKE = """\
local now, interval, hour = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
if due - now > hour + interval / 2 then return 0 end
redis.call('SET', KEYS[1], string.format('%.3f', due), 'PX', hour)
return 1
"""
_GIVE_BACK = """\
local due = redis.call('GET', KEYS[1])
if due then redis.call('SET', KEYS[1], string.format('%.3f', due - ARGV[1]), 'KEEPTTL') end
"""


class HourlyRate:
    """A rate of 0 lets everything pass."""

    def __init__(
        self, what: str, count: int, *, bus: Bus, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._what = what
        self.count = count
        self._bus = bus
        self._buckets = hourly(count)
        self._clock = clock
        self._monotonic = monotonic

    async def take(self, username: str) -> bool:
        """Whether one more of theirs may pass now."""
        if not self.count:
            return True
        if not self._buckets.take(username, self._monotonic()):
            return False
        now_ms = round(1_000 * self._clock())
        command = ("EVAL", _TAKE, 1, self._key(username), now_ms, self._interval_ms, _HOUR_MS)
        if await PromptReply(self._bus, command).get() == _REFUSED:
            self._buckets.give_back(username)
            return False
        return True

    def give_back(self, username: str) -> None:
        """What the last one took: it did not count after all."""
        if self.count:
            self._buckets.give_back(username)
            self._bus.send(("EVAL", _GIVE_BACK, 1, self._key(username), self._interval_ms))

    @property
    def retry_after_s(self) -> int:
        """When one more may pass, for who has taken all."""
        return ceil(HOUR_S / self.count) if self.count else 0

    @property
    def _interval_ms(self) -> str:
        return str(_HOUR_MS / self.count)

    def _key(self, username: str) -> bytes:
        return self._bus.channel(f"rate:{self._what}:{username}")
