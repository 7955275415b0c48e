"""The copy of a peer's list: to its end, without gaps, whatever happens meanwhile."""

import asyncio

import pytest

from servicekit.database import DatabaseError
from servicekit.numbered_lists import PAGE_MAX
from tests.servicekit.library import WAIT_S_MAX, Library, running


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
        await library.until(lambda: library.pages >= 1)
        library.failure = None
        replica.tell_of_news()
        await library.until(lambda: library.copy == [1])
        library.add()
        library.store_failure = failure
        replica.tell_of_news()
        await library.until(lambda: library.pages >= 3)
        library.store_failure = None
        replica.tell_of_news()
        await library.until(lambda: library.copy == [1, 2])


async def test_a_peer_that_starts_a_little_later_is_followed_at_once_and_is_no_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    library = Library(1)
    library.failure = ConnectionError("not yet")
    async with running(library.replica()):
        await library.until(lambda: library.pages >= 2)
        assert "cannot be followed" not in capsys.readouterr().out
        await library.until(lambda: library.pages >= 4)
        library.failure = None
        await library.until(lambda: library.copy == [1])
    assert "a list cannot be followed" in capsys.readouterr().out


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
