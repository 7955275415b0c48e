"""A lazy event: asyncio's, made when somebody waits for it.

That takes a queue and a dictionary, a fortieth of the time of a forwarded request, and hardly a request is waited for.
"""

import asyncio


class LazyEvent:
    """`set`, `clear` and `wait` as those of `asyncio.Event`."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None
        self._is_set = False

    def set(self) -> None:
        self._is_set = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        self._is_set = False
        if self._event is not None:
            self._event.clear()

    async def wait(self) -> None:
        if self._is_set:
            return
        if self._event is None:
            self._event = asyncio.Event()
        await self._event.wait()
