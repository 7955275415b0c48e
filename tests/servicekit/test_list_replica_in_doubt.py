"""The copy of a peer's list before it is certain that the peer is the one whose list was copied."""

import asyncio

import pytest

from servicekit.database import DatabaseError
from servicekit.list_replica import ACCEPTED, PeerForgot
from servicekit.problems import Unavailable
from tests.servicekit.library import WAIT_S_MAX, Library


async def test_after_a_start_nobody_is_confirmed_by_a_peer_that_has_forgotten() -> None:
    library = Library(3)
    await library.replica().pull()
    library.lose_everything()
    replica = library.replica()
    with pytest.raises(Unavailable):
        replica.check()
    with pytest.raises(PeerForgot):
        await replica.confirm()
    pages = library.pages
    with pytest.raises(PeerForgot):
        await replica.confirm()
    assert library.pages == pages  # it is known


async def test_once_confirmed_nothing_is_asked_until_another_store_is_spoken_of() -> None:
    library = Library(3)
    replica = library.replica()
    assert await replica.confirm()
    assert await replica.confirm("first")
    assert (library.pages, library.copy) == (1, [1, 2, 3])
    library.lose_everything()
    assert await replica.confirm()
    with pytest.raises(PeerForgot):
        await replica.confirm("second")
    with pytest.raises(PeerForgot):
        replica.check()


async def test_who_speaks_of_a_store_that_is_no_more_is_not_confirmed() -> None:
    library = Library(3)
    replica = library.replica()
    await replica.pull()
    library.lose_everything()
    await library.put_known_store("library", ACCEPTED)
    assert await replica.confirm("second")
    assert not await replica.confirm("first")
    library.id = ""  # of an earlier version, which does not say which it is
    assert await replica.confirm("first")


async def test_a_peer_that_is_away_confirms_nobody_and_a_disk_that_is_full_hinders_nobody() -> None:
    library = Library(3)
    library.failure = ConnectionError("away")
    replica = library.replica()
    with pytest.raises(Unavailable) as raised:
        await replica.confirm()
    assert not isinstance(raised.value, PeerForgot)
    library.failure, library.store_failure = None, DatabaseError("disk full")
    assert await replica.confirm()
    assert library.copy == []
    library.failure = ConnectionError("away")
    assert await replica.confirm()
    with pytest.raises(Unavailable):
        await replica.confirm("second")


async def test_a_page_that_was_asked_for_before_somebody_spoke_of_another_store_does_not_do() -> None:
    library = Library(3)
    library.gate.clear()
    replica = library.replica()
    first = asyncio.create_task(replica.pull())
    await library.until(lambda: library.pages == 1)
    second = asyncio.create_task(replica.confirm("second"))
    await asyncio.sleep(0)
    library.lose_everything()
    library.gate.set()
    async with asyncio.timeout(WAIT_S_MAX):
        await asyncio.wait([first])
        with pytest.raises(PeerForgot):
            await second
    assert library.pages == 2
