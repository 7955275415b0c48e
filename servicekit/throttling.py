"""Throttling: what goes wrong a thousand times a second is told at once, and then once a second with a count."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

INTERVAL_S = 1.0
SENDERS_MAX = 1_000
Said = TypeVar("Said")


class LogThrottle:
    """For all senders together. Says of each occasion whether it is to be logged now.

    What is left out is told with the next line of the same kind. When more than `senders_max` kinds are remembered,
    those that nothing was told of lately are forgotten, and with them what they left out.
    """

    def __init__(self, *, interval_s: float = INTERVAL_S, senders_max: int = SENDERS_MAX) -> None:
        self._interval_s = interval_s
        self._senders_max = senders_max
        self._told_s: dict[Hashable, float] = {}
        self._left_out: dict[Hashable, int] = {}

    def left_out(self, kind: Hashable, now_s: float) -> int | None:
        """How many were left out since the last line of that `kind`; None: so is this one."""
        told_s = self._told_s.get(kind)
        if told_s is not None and now_s - told_s < self._interval_s:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return None
        if told_s is None and len(self._told_s) >= self._senders_max:
            self._forget(now_s)
        self._told_s[kind] = now_s
        return self._left_out.pop(kind, 0)

    def _forget(self, now_s: float) -> None:
        self._told_s = {kind: at_s for kind, at_s in self._told_s.items() if now_s - at_s < self._interval_s}
        if len(self._told_s) >= self._senders_max:  # all of them within one interval: as if it began anew
            self._told_s.clear()
        self._left_out = {kind: count for kind, count in self._left_out.items() if kind in self._told_s}


class ErrorThrottle(Generic[Said]):
    """For one connection. `tell(code, said, skipped)` gets the newest of a kind, and how many were not told.

    So neither the log nor the client is flooded, and of everything that is wrong something is told within `interval_s`.
    """

    def __init__(self, tell: Callable[[str, Said, int], None], *, interval_s: float = INTERVAL_S) -> None:
        self._tell = tell
        self._interval_s = interval_s
        self._held: dict[str, _Held[Said]] = {}  # by code, from when it was told until it may be again

    @property
    def is_holding(self) -> bool:
        """Whether something was told a moment ago."""
        return bool(self._held)

    def report(self, code: str, said: Said) -> None:
        """`code` is one of few: what kind of error it is."""
        if (held := self._held.get(code)) is not None:
            held.said = (said,)
            held.count += 1
        else:
            self._say(code, said, 0)

    def close(self) -> None:
        """Tell what is held."""
        held, self._held = self._held, {}
        for code, one in held.items():
            one.timer.cancel()
            if one.said:
                self._tell(code, one.said[0], one.count - 1)

    def _say(self, code: str, said: Said, skipped: int) -> None:
        timer = asyncio.get_running_loop().call_later(self._interval_s, self._release, code)
        self._held[code] = _Held(timer)
        self._tell(code, said, skipped)

    def _release(self, code: str) -> None:
        held = self._held.pop(code)
        if held.said:
            self._say(code, held.said[0], held.count - 1)


class _Held(Generic[Said]):
    """How many were made meanwhile, and the newest."""

    __slots__ = ("count", "said", "timer")

    def __init__(self, timer: asyncio.TimerHandle) -> None:
        self.timer = timer
        self.said: tuple[Said, ...] = ()
        self.count = 0
