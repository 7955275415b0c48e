"""A peer with a numbered list, and a copy that follows it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from servicekit.list_replica import ListReplica
from servicekit.numbered_lists import PAGE_MAX, Page

WAIT_S_MAX = 10


class Library:
    """A peer with a list, and the copy of it."""

    def __init__(self, count: int = 0) -> None:
        self.entries = list(range(1, count + 1))
        self.copy: list[int] = []
        self.pages = 0
        self.failure: Exception | None = None
        self.store_failure: Exception | None = None
        self.id = "first"
        self.last: int | None = None  # where it differs from the last entry
        self.known: dict[str, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.changed = asyncio.Condition()

    def replica(self, interval_s: float = 60.0) -> ListReplica[int]:
        return ListReplica(
            name="library",
            known_stores=self,
            list_after=self._list_after,
            position=self._position,
            restart=self._restart,
            take=self._take,
            interval_s=interval_s,
        )

    def lose_everything(self) -> None:
        """Another store, with the name of this one."""
        self.id, self.entries = "second", []

    async def known_store(self, name: str) -> str | None:
        return self.known.get(name)

    async def put_known_store(self, name: str, store: str) -> None:
        self.known[name] = store

    async def _restart(self) -> None:
        self.copy = []

    def add(self, count: int = 1) -> None:
        self.entries += range(len(self.entries) + 1, len(self.entries) + count + 1)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S_MAX), self.changed:
            await self.changed.wait_for(holds)

    async def _list_after(self, number: int) -> Page[int]:
        page = self.entries[number : number + PAGE_MAX]
        self.pages += 1
        await self._tell()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        last = self.entries[-1] if self.entries else 0
        return Page(page, self.id, last if self.last is None else self.last)

    async def _position(self) -> int:
        return self.copy[-1] if self.copy else 0

    async def _take(self, entries: Sequence[int]) -> None:
        if self.store_failure is not None:
            raise self.store_failure
        self.copy += entries
        await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@asynccontextmanager
async def running(replica: ListReplica[int]) -> AsyncIterator[None]:
    task = asyncio.create_task(replica.run())
    try:
        yield
    finally:
        task.cancel()
        async with asyncio.timeout(WAIT_S_MAX):
            await asyncio.wait([task])
        assert task.cancelled()
