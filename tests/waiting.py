"""Waiting for what another task, thread or process brings about, where nothing tells when it has."""

import asyncio
import inspect
import time
from collections.abc import Callable

INTERVAL_S = 0.002  # between two looks
WAIT_S_MAX = 20.0


async def eventually(holds: Callable[..., object], within_s: float = WAIT_S_MAX) -> float:
    """Return as soon as `holds()` is true: after how many seconds. Raises AssertionError when it stays false."""
    started_s = time.perf_counter()
    while not await _now(holds):
        assert time.perf_counter() - started_s < within_s, f"not within {within_s:g} s"
        await asyncio.sleep(INTERVAL_S)
    return time.perf_counter() - started_s


async def _now(holds: Callable[..., object]) -> object:
    answer = holds()
    return await answer if inspect.isawaitable(answer) else answer
