"""What a client does wrong is told at once, and then as a count."""

from servicekit.complaints import Complaints
from tests.waiting import eventually

Told = list[tuple[str, int, int]]


def complaints(interval_s: float) -> tuple[Complaints[int], Told]:
    told: Told = []
    return Complaints(lambda *one: told.append(one), interval_s=interval_s), told


async def test_a_flood_is_told_once_and_then_counted() -> None:
    made, told = complaints(0.05)
    for number in range(2_000):
        made.make("bad", number)
    assert told == [("bad", 0, 0)]
    await eventually(lambda: len(told) == 2)
    assert told[1] == ("bad", 1_999, 1_998)
    made.close()
    assert len(told) == 2


async def test_each_kind_is_told_by_itself() -> None:
    made, told = complaints(3600)
    for code in ("bad", "worse", "bad"):
        made.make(code, 1)
    assert told == [("bad", 1, 0), ("worse", 1, 0)]
    made.close()
    assert told[2:] == [("bad", 1, 0)]


async def test_after_a_while_it_is_told_at_once_again() -> None:
    made, told = complaints(0.01)
    made.make("bad", 1)
    await eventually(lambda: not made.is_holding)
    made.make("bad", 2)
    assert told == [("bad", 1, 0), ("bad", 2, 0)]
    made.close()


async def test_at_the_end_nothing_is_left_behind() -> None:
    made, told = complaints(0.01)
    made.make("bad", 1)
    made.make("bad", 2)
    made.close()
    made.close()
    assert told == [("bad", 1, 0), ("bad", 2, 0)]
    assert not made.is_holding
