"""Whose frame is next, and how many pass in a second."""

from hypothesis import given
from hypothesis import strategies as st

from video_service.domain.fair_queue import FairQueue
from video_service.domain.rates import FrameRate

# FairQueue


def test_the_newest_waits_and_keeps_its_place_in_line() -> None:
    queue: FairQueue[str, int] = FairQueue()
    assert [queue.put("Ada", 1), queue.put("Grace", 1), queue.put("Ada", 2)] == [None, None, 1]
    assert [queue.take(), queue.take(), queue.take()] == [("Ada", 2), ("Grace", 1), None]


def test_one_work_of_a_key_is_in_hand() -> None:
    queue: FairQueue[str, int] = FairQueue()
    queue.put("Ada", 1)
    queue.take()
    assert [queue.put("Ada", 2), queue.put("Ada", 3)] == [None, 2]
    assert queue.take() is None
    queue.done("Ada")
    assert queue.take() == ("Ada", 3)


def test_who_leaves_gets_no_further_turn() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for name in ("Ada", "Grace"):
        queue.put(name, 1)
    queue.take()
    queue.put("Ada", 2)
    queue.leave("Ada")
    queue.leave("Grace")
    queue.done("Ada")
    assert queue.take() is None


@given(st.lists(st.sampled_from([*range(10)]), min_size=1))
def test_whatever_the_rates_ten_senders_get_a_tenth_each(puts: list[int]) -> None:
    queue: FairQueue[int, int] = FairQueue()
    done = dict.fromkeys(range(10), 0)
    for work, eager in enumerate(puts * 10):
        for key in (*range(10), eager, eager):
            queue.put(key, work)
        taken = queue.take()
        assert taken is not None
        done[taken[0]] += 1
        queue.done(taken[0])
    assert max(done.values()) - min(done.values()) <= 1


@given(st.lists(st.tuples(st.sampled_from("pptd"), st.sampled_from("abc"))))
def test_work_of_a_key_is_taken_in_its_order_and_nothing_else_is_lost(steps: list[tuple[str, str]]) -> None:
    queue: FairQueue[str, int] = FairQueue()
    taken: dict[str, list[int]] = {key: [] for key in "abc"}
    replaced: set[int] = set()
    in_hand: set[str] = set()
    put: set[int] = set()

    def take() -> bool:
        if (turn := queue.take()) is None:
            return False
        key, work = turn
        assert key not in in_hand
        in_hand.add(key)
        taken[key].append(work)
        return True

    for number, (step, key) in enumerate(steps):
        if step == "p":
            put.add(number)
            if (older := queue.put(key, number)) is not None:
                replaced.add(older)
        elif step == "t":
            take()
        elif key in in_hand:
            in_hand.discard(key)
            queue.done(key)
    while in_hand or take():
        for key in tuple(in_hand):
            in_hand.discard(key)
            queue.done(key)
    assert all(works == sorted(works) for works in taken.values())
    assert replaced | {work for works in taken.values() for work in works} == put
    assert not replaced & {work for works in taken.values() for work in works}


# Rates


def test_so_many_frames_pass_in_a_second_and_one_more_does_not() -> None:
    rate = FrameRate(60)
    assert [rate.take(10.0) for _ in range(61)] == [True] * 60 + [False]
    assert not rate.take(10.0 + 0.5 / 60)
    assert rate.take(10.0 + 1 / 60)


@given(st.lists(st.floats(-0.2, 0.2), min_size=200, max_size=200))
def test_who_keeps_the_rate_is_never_refused_however_unevenly_they_come(jitters_s: list[float]) -> None:
    rate = FrameRate(60)
    arrivals_s = sorted(number / 60 + jitter_s for number, jitter_s in enumerate(jitters_s))
    assert all(rate.take(100 + at_s) for at_s in arrivals_s)


def test_twice_the_rate_is_halved() -> None:
    rate = FrameRate(60)
    passed = sum(rate.take(number / 120) for number in range(1200))
    assert 600 <= passed <= 660


def test_a_rate_of_0_lets_everything_pass() -> None:
    rate = FrameRate(0)
    assert all(rate.take(1.0) for _ in range(1000))
