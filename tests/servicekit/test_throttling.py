"""What a client does wrong is told at once, and then as a count."""

from servicekit.throttling import ErrorThrottle, LogThrottle
from tests.waiting import eventually

Told = list[tuple[str, int, int]]


def throttle(interval_s: float) -> tuple[ErrorThrottle[int], Told]:
    told: Told = []
    return ErrorThrottle(lambda *one: told.append(one), interval_s=interval_s), told


async def test_a_flood_is_told_once_and_then_counted() -> None:
    made, told = throttle(0.05)
    for number in range(2_000):
        made.report("bad", number)
    assert told == [("bad", 0, 0)]
    await eventually(lambda: len(told) == 2)
    assert told[1] == ("bad", 1_999, 1_998)
    made.close()
    assert len(told) == 2


async def test_each_kind_is_told_by_itself() -> None:
    made, told = throttle(3600)
    for code in ("bad", "worse", "bad"):
        made.report(code, 1)
    assert told == [("bad", 1, 0), ("worse", 1, 0)]
    made.close()
    assert told[2:] == [("bad", 1, 0)]


async def test_after_a_while_it_is_told_at_once_again() -> None:
    made, told = throttle(0.01)
    made.report("bad", 1)
    await eventually(lambda: not made.is_holding)
    made.report("bad", 2)
    assert told == [("bad", 1, 0), ("bad", 2, 0)]
    made.close()


async def test_at_the_end_nothing_is_left_behind() -> None:
    made, told = throttle(0.01)
    made.report("bad", 1)
    made.report("bad", 2)
    made.close()
    made.close()
    assert told == [("bad", 1, 0), ("bad", 2, 0)]
    assert not made.is_holding


def test_the_first_of_a_second_is_told_and_the_next_one_counts_the_others() -> None:
    log_throttle = LogThrottle()
    assert [log_throttle.left_out("ada", 10 + tenth / 10) for tenth in range(10)] == [0] + [None] * 9
    assert log_throttle.left_out("ada", 11.0) == 9
    assert log_throttle.left_out("ada", 12.5) == 0


def test_nobody_hides_behind_another() -> None:
    log_throttle = LogThrottle()
    assert log_throttle.left_out("ada", 1.0) == 0
    assert log_throttle.left_out("grace", 1.0) == 0
    assert log_throttle.left_out(("ada", 404), 1.0) == 0


def test_so_many_senders_are_remembered_and_no_more() -> None:
    log_throttle = LogThrottle(senders_max=3)
    for name in ("ada", "grace", "linus"):
        assert log_throttle.left_out(name, 1.0) == 0
        assert log_throttle.left_out(name, 1.1) is None
    assert log_throttle.left_out("ada", 2.5) == 1
    assert log_throttle.left_out("a fourth", 2.6) == 0
    assert log_throttle.left_out("ada", 2.7) is None  # she was told of lately, and is not forgotten
    assert log_throttle.left_out("grace", 2.7) == 0  # she was
