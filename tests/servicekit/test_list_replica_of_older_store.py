"""The copy of a peer's list when the peer has forgotten, as a store does that was put back from a backup."""

import pytest

from servicekit.list_replica import ACCEPTED, ListReplica, PeerForgot
from tests.servicekit.library import Library, running


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
