"""The copy of a peer's list before it is certain that the peer is the one whose list was copied."""

import asyncio

import pytest

from servicekit.database import DatabaseError
from servicekit.list_replica import PeerForgot
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


async def test_once_confirmed_nothing_is_asked_until_there_is_doubt() -> None:
    library = Library(3)
    replica = library.replica()
    await replica.confirm()
    await replica.confirm()
    assert (library.pages, library.copy) == (1, [1, 2, 3])
    library.lose_everything()
    await replica.confirm()
    replica.doubt()
    with pytest.raises(Unavailable):
        replica.check()
    with pytest.raises(PeerForgot):
        await replica.confirm()


async def test_a_peer_that_is_away_confirms_nobody_and_a_disk_that_is_full_hinders_nobody() -> None:
    library = Library(3)
    library.failure = ConnectionError("away")
    replica = library.replica()
    with pytest.raises(Unavailable) as raised:
        await replica.confirm()
    assert not isinstance(raised.value, PeerForgot)
    library.failure, library.store_failure = None, DatabaseError("disk full")
    await replica.confirm()
    assert library.copy == []


async def test_a_page_that_was_asked_for_before_the_doubt_does_not_settle_it() -> None:
    library = Library(3)
    library.gate.clear()
    replica = library.replica()
    first = asyncio.create_task(replica.confirm())
    await library.until(lambda: library.pages == 1)
    replica.doubt()
    library.gate.set()
    async with asyncio.timeout(WAIT_S_MAX):
        await first
    assert library.pages == 2
