"""Pace of the log: what one sender does wrong a thousand times a second is told once a second, with a count."""

from collections.abc import Hashable

INTERVAL_S = 1.0
SENDERS_MAX = 1_000


class LogPace:
    """Says of each occasion whether it is to be logged now.

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
