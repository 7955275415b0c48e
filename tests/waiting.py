"""Waiting for what another task, thread or process brings about, where nothing tells when it has."""

import asyncio
import inspect
import time
from collections.abc import Callable

WAIT_S_MAX = 20.0
# Between two looks, the first and the longest: who looks at a whole Parley all the time takes its processor from it.
_INTERVAL_S, _INTERVAL_S_MAX = 0.002, 0.05


async def eventually(holds: Callable[..., object], within_s: float = WAIT_S_MAX) -> float:
    """Return as soon as `holds()` is true: after how many seconds. Raises AssertionError when it stays false."""
    started_s, interval_s = time.perf_counter(), _INTERVAL_S
    while not await _now(holds):
        assert time.perf_counter() - started_s < within_s, f"not within {within_s:g} s"
        await asyncio.sleep(interval_s)
        interval_s = min(interval_s * 1.5, _INTERVAL_S_MAX)
    return time.perf_counter() - started_s


async def _now(holds: Callable[..., object]) -> object:
    answer = holds()
    return await answer if inspect.isawaitable(answer) else answer
