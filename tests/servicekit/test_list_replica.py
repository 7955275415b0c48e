"""The copy of a peer's list: to its end, without gaps, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from servicekit.database import DatabaseError
from servicekit.list_replica import ACCEPTED, ListReplica, PeerForgot
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


@pytest.mark.parametrize("count", [0, 1, PAGE_MAX - 1, PAGE_MAX, PAGE_MAX + 1, 3 * PAGE_MAX])
async def test_a_list_is_pulled_to_its_end_page_by_page(count: int) -> None:
    library = Library(count)
    await library.replica().pull()
    assert library.copy == library.entries
    assert library.pages == count // PAGE_MAX + 1


async def test_news_are_pulled_at_once_and_lost_news_a_little_later() -> None:
    library = Library(3)
    replica = library.replica()
    async with running(replica):
        await library.until(lambda: library.copy == [1, 2, 3])
        library.add()
        replica.tell_of_news()
        await library.until(lambda: library.copy == [1, 2, 3, 4])
    library.add()
    async with running(library.replica(interval_s=0.01)):
        library.add()
        await library.until(lambda: library.copy == library.entries)
        library.add()
        await library.until(lambda: library.copy == library.entries)


async def test_news_during_a_pull_are_not_lost() -> None:
    library = Library(1)
    library.gate.clear()
    replica = library.replica()
    async with running(replica):
        await library.until(lambda: library.pages == 1)
        library.add()  # after the page was read
        replica.tell_of_news()
        library.gate.set()
        await library.until(lambda: library.copy == [1, 2])


@pytest.mark.parametrize("failure", [ConnectionError("away"), DatabaseError("disk full")])
async def test_after_a_failure_the_next_news_are_followed(failure: Exception) -> None:
    library = Library(1)
    replica = library.replica()
    library.failure = failure
    async with running(replica):
        await library.until(lambda: library.pages == 1)
        library.failure = None
        replica.tell_of_news()
        await library.until(lambda: library.copy == [1])
        library.add()
        library.store_failure = failure
        replica.tell_of_news()
        await library.until(lambda: library.pages == 3)
        library.store_failure = None
        replica.tell_of_news()
        await library.until(lambda: library.copy == [1, 2])


async def test_who_asks_during_a_pull_gets_what_was_there_when_they_asked() -> None:
    library = Library(1)
    library.gate.clear()
    replica = library.replica()
    first = asyncio.create_task(replica.pull())
    await library.until(lambda: library.pages == 1)
    library.add()
    others = [asyncio.create_task(replica.pull()) for _ in range(5)]
    await asyncio.sleep(0)
    library.gate.set()
    async with asyncio.timeout(WAIT_S_MAX):
        await asyncio.gather(first, *others)
    assert library.copy == [1, 2]
    assert library.pages == 2  # one for all who came meanwhile


@pytest.mark.parametrize("failure", [ConnectionError("away"), DatabaseError("disk full")])
async def test_who_asks_during_a_pull_that_fails_has_one_of_their_own(failure: Exception) -> None:
    library = Library(1)
    library.gate.clear()
    library.failure = failure
    replica = library.replica()
    first = asyncio.create_task(replica.pull())
    await library.until(lambda: library.pages == 1)
    second = asyncio.create_task(replica.pull())
    await asyncio.sleep(0)
    library.gate.set()
    async with asyncio.timeout(WAIT_S_MAX):
        with pytest.raises(type(failure)):
            await first
        library.failure = None
        await second
    assert library.copy == [1]


async def test_who_is_cancelled_while_they_wait_cancels_nobody_else() -> None:
    library = Library(1)
    library.gate.clear()
    replica = library.replica()
    first, second = asyncio.create_task(replica.pull()), asyncio.create_task(replica.pull())
    await library.until(lambda: library.pages == 1)
    first.cancel()
    await asyncio.wait([first])
    library.gate.set()
    async with asyncio.timeout(WAIT_S_MAX):
        await second
    assert library.copy == [1]


async def test_cancelled_in_the_middle_of_a_pull_it_leaves_no_task_behind() -> None:
    library = Library(1)
    library.gate.clear()
    before = asyncio.all_tasks()
    async with running(library.replica()):
        await library.until(lambda: library.pages == 1)
    assert asyncio.all_tasks() == before
    assert library.copy == []


# A peer that has forgotten


async def refused(replica: ListReplica[int]) -> bool:
    with pytest.raises(PeerForgot):
        await replica.pull()
    with pytest.raises(PeerForgot):
        replica.check()
    return await replica.is_in_step() == "forgotten"


async def test_a_list_of_another_store_is_not_gone_on_with() -> None:
    library = Library(3)
    replica = library.replica()
    await replica.pull()
    library.lose_everything()
    library.add(5)  # more than there were: its end alone tells nothing
    assert await refused(replica)
    assert await refused(library.replica())  # after a restart too
    assert library.copy == [1, 2, 3]


@pytest.mark.parametrize("last, good", [(2, False), (3, True)])
async def test_a_list_that_ends_before_what_was_taken_is_an_older_one(last: int, good: bool) -> None:
    library = Library(3)
    await library.replica().pull()
    library.last = last
    replica = library.replica()
    if good:
        await replica.pull()
        replica.check()
    else:
        assert await refused(replica)


async def test_who_has_taken_nothing_takes_it_from_anybody() -> None:
    library = Library()
    replica = library.replica()
    await replica.pull()
    library.lose_everything()
    library.add()
    await replica.pull()
    assert library.copy == [1]


async def test_a_copy_from_before_stores_had_names_goes_on_with_who_is_as_far() -> None:
    library = Library(3)
    library.copy = [1, 2]
    await library.replica().pull()
    assert (library.copy, library.known) == ([1, 2, 3], {"library": "first"})


async def test_a_peer_of_older_code_is_followed_as_ever() -> None:
    library = Library(3)
    await library.replica().pull()
    library.id, library.last = "", 0
    library.add()
    await library.replica().pull()
    assert (library.copy, library.known) == ([1, 2, 3, 4], {"library": "first"})


async def test_the_right_store_put_back_is_followed_again() -> None:
    library = Library(3)
    replica = library.replica()
    await replica.pull()
    entries, library.id, library.entries = library.entries, "second", []
    assert await refused(replica)
    library.id, library.entries = "first", entries
    await replica.pull()
    replica.check()
    assert await replica.is_in_step() is True


async def test_what_was_accepted_is_taken_from_its_beginning_once() -> None:
    library = Library(3)
    replica = library.replica()
    await replica.pull()
    library.lose_everything()
    library.add(2)
    await library.put_known_store("library", ACCEPTED)
    await replica.pull()
    assert (library.copy, library.known) == ([1, 2], {"library": "second"})
    library.lose_everything()
    library.id = "third"
    assert await refused(replica)


async def test_it_is_told_once_when_it_is_found_and_in_the_log_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    library = Library(3)
    told: list[str] = []
    replica = library.replica(interval_s=0.001)
    replica.on_forgotten(lambda: told.append("forgotten"))
    await replica.pull()
    library.lose_everything()
    async with running(replica):
        pages = library.pages
        await library.until(lambda: library.pages > pages + 5)
    assert told == ["forgotten"]
    assert capsys.readouterr().out.count("a peer has forgotten") == 1
