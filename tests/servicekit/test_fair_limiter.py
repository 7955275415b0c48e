"""The lane: few at once, and everybody's turn comes whatever the others ask for."""

import asyncio

import pytest

from servicekit.fair_limiter import FairLimiter
from servicekit.problems import TooManyAtOnce


class Visits:
    """Those who are in a lane, and in which order they came in."""

    def __init__(self, lane: FairLimiter) -> None:
        self._lane = lane
        self.leaving: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.inside: list[str] = []

    async def come(self, *visits: str) -> None:
        """`Ada 1` is the first visit of Ada's."""
        for visit in visits:
            self.leaving[visit] = asyncio.Event()
            self.tasks[visit] = asyncio.create_task(self._stay(visit))
        await settled()

    async def go(self, visit: str) -> None:
        self.leaving[visit].set()
        await self.tasks[visit]
        await settled()

    async def give_up(self, *visits: str) -> None:
        for visit in visits:
            self.tasks[visit].cancel()
        await settled()

    async def _stay(self, visit: str) -> None:
        async with self._lane.in_turn(visit.split(maxsplit=1)[0]):
            self.inside.append(visit)
            await self.leaving[visit].wait()
            self.inside.remove(visit)


async def settled() -> None:
    """Whatever could go on has."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_so_many_people_are_inside_as_there_are_places() -> None:
    visits = Visits(FairLimiter(2))
    await visits.come("Ada 1", "Grace 1", "Linus 1")
    assert visits.inside == ["Ada 1", "Grace 1"]
    await visits.go("Grace 1")
    assert visits.inside == ["Ada 1", "Linus 1"]


async def test_one_person_is_inside_with_one_thing_even_where_places_are_free() -> None:
    visits = Visits(FairLimiter(2))
    await visits.come("Ada 1", "Ada 2")
    assert visits.inside == ["Ada 1"]
    await visits.come("Grace 1")
    assert visits.inside == ["Ada 1", "Grace 1"]
    await visits.go("Ada 1")
    assert visits.inside == ["Grace 1", "Ada 2"]


async def test_who_waits_with_much_lets_in_who_came_later_with_little() -> None:
    visits = Visits(FairLimiter(1))
    await visits.come("Ada 1", "Ada 2", "Ada 3", "Grace 1", "Linus 1")
    order = []
    for _ in range(5):
        (inside,) = visits.inside
        order.append(inside)
        await visits.go(inside)
    assert order == ["Ada 1", "Ada 2", "Grace 1", "Linus 1", "Ada 3"]


async def test_who_gives_up_waiting_takes_no_place() -> None:
    visits = Visits(FairLimiter(1))
    await visits.come("Ada 1", "Grace 1", "Grace 2", "Linus 1")
    await visits.give_up("Grace 1", "Grace 2")
    await visits.go("Ada 1")
    assert visits.inside == ["Linus 1"]


async def test_who_gives_up_in_the_moment_of_coming_in_leaves_the_place_to_the_next() -> None:
    visits = Visits(FairLimiter(1))
    await visits.come("Ada 1", "Grace 1", "Linus 1")
    visits.tasks["Ada 1"].cancel()
    await asyncio.sleep(0)  # Ada is out, and Grace called in, but not awake yet
    await visits.give_up("Grace 1")
    assert visits.inside == ["Ada 1", "Linus 1"]  # what Ada did broke off


async def test_so_many_of_one_person_are_taken_and_no_more() -> None:
    lane = FairLimiter(1)
    entered = 0

    async def stay() -> None:
        nonlocal entered
        async with lane.limited("Ada", 2):
            entered += 1
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay()) for _ in range(3)]
    with pytest.raises(TooManyAtOnce):
        await tasks[2]
    assert [task.done() for task in tasks] == [False, False, True]
    tasks[0].cancel()
    await settled()
    async with asyncio.timeout(1):
        with pytest.raises(TooManyAtOnce):
            async with lane.limited("Ada", 1):
                pass  # one still is inside
        tasks[1].cancel()
        await settled()
        async with lane.limited("Ada", 1):
            assert entered == 2


async def test_many_that_are_refused_at_once_are_told_one_after_another() -> None:
    """So that nobody else waits for the answers to all of them."""
    lane = FairLimiter(1)

    async def ask() -> None:
        async with lane.limited("Ada", 0):
            pytest.fail("she was let in")

    asked = [asyncio.create_task(ask()) for _ in range(20)]
    told, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert waiting
    answers = await asyncio.gather(*told, *waiting, return_exceptions=True)
    assert all(isinstance(answer, TooManyAtOnce) for answer in answers)


async def test_who_gives_up_in_the_moment_in_which_a_place_comes_free_is_passed_over() -> None:
    """The place goes to the next; it was lost, and whoever left got an error for it."""
    visits = Visits(FairLimiter(1))
    await visits.come("Ada 1", "Grace 1", "Linus 1")
    visits.leaving["Ada 1"].set()  # and in the same turn of the loop, before anybody comes to themselves:
    visits.tasks["Grace 1"].cancel()
    await settled()
    assert visits.inside == ["Linus 1"]
    await visits.tasks["Ada 1"]
    assert visits.tasks["Grace 1"].cancelled()
    await visits.go("Linus 1")
    await visits.come("Grace 2")
    assert visits.inside == ["Grace 2"]


async def test_who_has_no_name_comes_in_too() -> None:
    """Such as whoever acts on the machine itself."""
    async with asyncio.timeout(1):
        async with FairLimiter(1).in_turn(""):
            pass
