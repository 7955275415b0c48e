"""Connection counts: how many connections each person has, over all instances of a service.

Each instance says in Redis how many of each person it has: a hash of its own, which lasts LEASE_S and is written anew
three times in that. So the connections of a dead instance stop counting by themselves, and what was lost or forgotten
is there again soon. Without Redis each instance counts for itself.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from time import monotonic

from servicekit.bus import Bus, Command
from servicekit.problems import Refusal
from servicekit.prompt_replies import PromptReply
from servicekit.token_buckets import TokenBuckets

LEASE_S = 30.0
# Each one that is opened reads stores and leaves lines in logs and tables, however soon it is closed.
OPENED_PER_SECOND = 10.0  # who comes back after a break of the network tries again and again
OPENED_BURST = 120
_PEOPLE_PER_COMMAND = 1_000
_REFUSED = 0
# Counts one more, unless with those of other instances it is one too many.
_CLAIM = """\
local key, instances, prefix, own, username, count, max, lease_ms = KEYS[1], KEYS[2], unpack(ARGV)
local total = tonumber(count)
for _, instance in ipairs(redis.call('SMEMBERS', instances)) do
  local elsewhere = instance ~= own and redis.call('HGET', prefix .. instance, username)
  if elsewhere then
    total = total + elsewhere
  elseif instance ~= own and redis.call('EXISTS', prefix .. instance) == 0 then
    redis.call('SREM', instances, instance)
  end
end
if total > tonumber(max) then return 0 end
redis.call('HSET', key, username, count)
redis.call('PEXPIRE', key, lease_ms)
redis.call('SADD', instances, own)
return 1
"""


class ConnectionClaim:
    """A connection that counts from its admission on, until `release`."""

    __slots__ = ("_asked", "_counts", "_username")

    def __init__(self, counts: "ConnectionCounts", username: str, asked: PromptReply | None) -> None:
        self._counts: ConnectionCounts | None = counts
        self._username = username
        self._asked = asked

    async def confirm(self) -> None:
        """Raises what the counts refuse with, where there are too many with those of other instances."""
        asked, self._asked = self._asked, None
        if asked is not None and self._counts is not None:
            await self._counts.confirm(self._username, asked)

    def release(self) -> None:
        """Once, however often it is called."""
        counts, self._counts = self._counts, None
        if counts is not None:
            counts.release(self._username)


class ConnectionCounts:
    """With a maximum of 0 everybody may have as many as they like, and nothing is told to Redis."""

    def __init__(
        self,
        *,
        bus: Bus,
        service: str,
        per_person_max: int,
        refusal: Callable[[int], Refusal],
        lease_s: float = LEASE_S,
    ) -> None:
        self._bus = bus
        self._max = per_person_max
        self._refusal = refusal
        self._lease_s = lease_s
        self._lease_ms = round(1_000 * lease_s)
        self._own = secrets.token_hex(8)
        self._instances = bus.channel(f"connections:{service}")
        self._prefix = bus.channel(f"connections:{service}:")
        self._key = self._prefix + self._own.encode()
        self._counts: Counter[str] = Counter()
        self._opened = TokenBuckets(per_second=OPENED_PER_SECOND, burst=OPENED_BURST)
        if per_person_max:
            bus.on_connected(self._tell_all)

    def claim(self, username: str) -> ConnectionClaim:
        """Count one more, and ask Redis whether it may be; `confirm` waits for that. Raises the refusal.

        So it does where this instance has opened too many of theirs lately.
        """
        if not self._max:
            return ConnectionClaim(self, username, None)
        if self._counts[username] >= self._max or not self._opened.take(username, monotonic()):
            raise self._refusal(self._max)
        self._counts[username] += 1
        arguments = self._prefix, self._own, username, self._counts[username], self._max, self._lease_ms
        command: Command = ("EVAL", _CLAIM, 2, self._key, self._instances, *arguments)
        return ConnectionClaim(self, username, PromptReply(self._bus, command))

    async def confirm(self, username: str, asked: PromptReply) -> None:
        reply = await asked.get()
        if reply == _REFUSED:
            raise self._refusal(self._max)
        if reply is None:
            self._tell(username)  # it counts, whatever Redis says to the claim when it comes to it

    def release(self, username: str) -> None:
        if not self._max:
            return
        self._counts[username] -= 1
        self._tell(username)
        if not self._counts[username]:
            del self._counts[username]

    async def run(self) -> None:
        """Keep what Redis knows true, until cancelled."""
        while self._max:
            await asyncio.sleep(self._lease_s / 3)
            self._tell_all()

    def close(self) -> None:
        """Nobody is connected here any more."""
        self._bus.send(("DEL", self._key), ("SREM", self._instances, self._own))

    def _tell(self, username: str) -> None:
        if count := self._counts[username]:
            self._bus.send(("HSET", self._key, username, count), self._expiry())
        else:
            self._bus.send(("HDEL", self._key, username))

    def _tell_all(self) -> None:
        if not self._counts:
            self.close()
            return
        fields = [part for one in self._counts.items() for part in one]
        slices = range(0, len(fields), 2 * _PEOPLE_PER_COMMAND)
        counts: list[Command] = [("HSET", self._key, *fields[at : at + slices.step]) for at in slices]
        enter: Command = ("SADD", self._instances, self._own)
        self._bus.send(("MULTI",), ("DEL", self._key), *counts, self._expiry(), enter, ("EXEC",))

    def _expiry(self) -> Command:
        return ("PEXPIRE", self._key, self._lease_ms)
