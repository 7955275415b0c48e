"""Complaints: of what a client does wrong it hears at once, and then once in a while how many times more it was."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

INTERVAL_S = 1.0
Said = TypeVar("Said")


class Complaints(Generic[Said]):
    """Those of one connection. `tell(code, said, skipped)` gets the newest of a kind, and how many were not told.

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

    def make(self, code: str, said: Said) -> None:
        """`code` is one of few: what kind of complaint it is."""
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
