"""uvicorn's server, which waits to be told to end: as it comes, it looks ten times a second whether it was.

A process that nobody asks anything wakes up for that alone, which on small machines is most of what it costs.
"""

import asyncio
from contextlib import suppress
from types import FrameType

import uvicorn

TICK_S = 1.0  # the `Date` of answers is made anew, and has seconds (RFC 9110 §6.6.1)


class EventDrivenServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def end(self) -> None:
        """In an orderly way, as SIGTERM does."""
        self.should_exit = True
        self._told.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._told.set()  # uvloop goes on with that at once

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._told.wait()
