"""The grace for resuming: how long live events are held for a client that may say from where it goes on."""

import asyncio
from collections.abc import Callable

_STEPS = 10


class ResumeGrace:
    """Begins with `ready`; `on_end` is called when it is over without a `resume`."""

    def __init__(self, *, grace_s: float, grace_s_max: float, on_end: Callable[[], None]) -> None:
        self._grace_s = grace_s
        self._grace_s_max = grace_s_max
        self._on_end = on_end
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        return self._timer is not None

    def begin(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._grace_s_max, self.end)

    def shorten(self) -> None:
        """They have `ready`, however slow the line; who means to resume says so now."""
        if self.is_running:
            self._step(_STEPS)

    def _step(self, steps: int) -> None:
        """In small steps, between which the loop reads: a busy moment here must not make a `resume` late."""
        if not steps:
            self.end()  # who resumes after this is late
            return
        self.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._grace_s / _STEPS, self._step, steps - 1)

    def end(self) -> None:
        if self.is_running:
            self.cancel()
            self._on_end()

    def cancel(self) -> None:
        """They resume, or are gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
