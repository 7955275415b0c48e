"""Tasks: work of its own that something began, kept until it has ended, and ended with who began it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """asyncio itself keeps no task alive. What one raises is reported by asyncio, as of a task that nobody awaits."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Tasks take their first step in the order in which they were started."""
        task = asyncio.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def finish(self) -> None:
        """Return when all that runs has ended by itself."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        """Cancel what still runs, and return when it has ended."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
