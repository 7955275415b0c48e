import pytest

from auth_service.domain.fair_queue import FairQueue, Place

ADA = Place("192.0.2.1", "192.0.2.0/24")
GRACE = Place("198.51.100.1", "198.51.100.0/24")
NEIGHBOUR_OF_GRACE = Place("198.51.100.2", "198.51.100.0/24")
KNOWN = Place("203.0.113.1", "203.0.113.0/24", is_known=True)


def filled(*waiting: tuple[str, Place], waiting_max: int = 100) -> FairQueue[str]:
    queue = FairQueue[str](waiting_max=waiting_max)
    for item, place in waiting:
        assert queue.add(item, place) is None
    return queue


def taken(queue: FairQueue[str]) -> list[str]:
    return [item for _ in range(len(queue)) if (item := queue.take()) is not None]


def test_of_one_network_the_first_comer_is_first() -> None:
    assert taken(filled(("1", ADA), ("2", ADA), ("3", ADA))) == ["1", "2", "3"]


def test_an_empty_queue_has_nobody_next() -> None:
    assert FairQueue[str](waiting_max=1).take() is None


def test_one_who_asks_a_thousand_times_delays_another_by_one() -> None:
    queue = filled(*((f"flood {number}", GRACE) for number in range(50)), ("ada", ADA))
    assert taken(queue)[:2] == ["flood 0", "ada"]


def test_many_addresses_of_one_network_have_the_turn_of_one() -> None:
    flood = [(f"flood {number}", Place(f"198.51.100.{number}", "198.51.100.0/24")) for number in range(50)]
    assert taken(filled(*flood, ("ada 1", ADA), ("ada 2", ADA)))[:4] == ["flood 0", "ada 1", "flood 1", "ada 2"]


def test_within_a_wider_network_the_narrower_ones_take_turns() -> None:
    queue = filled(("1", GRACE), ("2", GRACE), ("3", GRACE), ("neighbour", NEIGHBOUR_OF_GRACE))
    assert taken(queue) == ["1", "neighbour", "2", "3"]


def test_known_devices_are_first() -> None:
    assert taken(filled(("ada", ADA), ("grace", GRACE), ("known", KNOWN))) == ["known", "ada", "grace"]


def test_who_has_waited_is_not_overtaken_by_those_who_come_later() -> None:
    queue = filled(("ada 1", ADA), ("ada 2", ADA))
    assert queue.take() == "ada 1"
    for number in range(9):
        queue.add(f"late {number}", Place(f"10.0.{number}.1", f"10.0.{number}.0/24"))
    assert queue.take() == "ada 2"


def test_who_comes_back_is_not_before_those_who_wait() -> None:
    queue = filled(("ada 1", ADA), ("grace 1", GRACE), ("grace 2", GRACE))
    assert [queue.take(), queue.take()] == ["ada 1", "grace 1"]
    queue.add("linus", Place("10.0.0.1", "10.0.0.0/24"))
    queue.add("ada 2", ADA)
    assert taken(queue) == ["grace 2", "linus", "ada 2"]


@pytest.mark.parametrize("newcomer", [ADA, KNOWN])
def test_when_too_many_wait_the_newest_of_the_greediest_goes(newcomer: Place) -> None:
    queue = filled(("1", GRACE), ("2", GRACE), ("3", NEIGHBOUR_OF_GRACE), ("ada", ADA), waiting_max=4)
    assert queue.add("newcomer", newcomer) == "2"
    assert set(taken(queue)) == {"1", "3", "ada", "newcomer"}


def test_the_greediest_one_goes_itself() -> None:
    queue = filled(("1", GRACE), ("ada", ADA), waiting_max=2)
    assert queue.add("2", GRACE) == "2"


def test_among_equals_the_newcomer_goes() -> None:
    queue = filled(("ada", ADA), ("grace", GRACE), waiting_max=2)
    assert queue.add("linus", Place("10.0.0.1", "10.0.0.0/24")) == "linus"


def test_who_has_no_address_is_the_equal_of_others() -> None:
    queue = filled(("nowhere", Place("", "")), ("ada", ADA), waiting_max=2)
    assert queue.add("grace", GRACE) == "grace"


def test_no_stranger_takes_the_place_of_a_known_device() -> None:
    queue = filled(("known 1", KNOWN), ("known 2", KNOWN), waiting_max=2)
    assert queue.add("ada", ADA) == "ada"
    assert queue.add("known 3", KNOWN) == "known 3"


def test_who_has_left_is_not_next() -> None:
    queue = filled(("ada", ADA), ("grace", GRACE))
    queue.discard("ada")
    queue.discard("nobody")
    assert taken(queue) == ["grace"]


def test_what_is_no_address_has_a_turn_too() -> None:
    assert taken(filled(("1", Place("", "")), ("2", Place("", "")), ("ada", ADA))) == ["1", "ada", "2"]
