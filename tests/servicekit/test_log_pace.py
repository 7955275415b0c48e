"""Pace of the log: once a second for each who, with what was left out, and in bounded memory."""

from servicekit.log_pace import LogPace


def test_the_first_of_a_second_is_told_and_the_next_one_counts_the_others() -> None:
    pace = LogPace()
    assert [pace.left_out("ada", 10 + tenth / 10) for tenth in range(10)] == [0] + [None] * 9
    assert pace.left_out("ada", 11.0) == 9
    assert pace.left_out("ada", 12.5) == 0


def test_nobody_hides_behind_another() -> None:
    pace = LogPace()
    assert pace.left_out("ada", 1.0) == 0
    assert pace.left_out("grace", 1.0) == 0
    assert pace.left_out(("ada", 404), 1.0) == 0


def test_so_many_senders_are_remembered_and_no_more() -> None:
    pace = LogPace(senders_max=3)
    for name in ("ada", "grace", "linus"):
        assert pace.left_out(name, 1.0) == 0
        assert pace.left_out(name, 1.1) is None
    assert pace.left_out("ada", 2.5) == 1
    assert pace.left_out("a fourth", 2.6) == 0
    assert pace.left_out("ada", 2.7) is None  # she was told of lately, and is not forgotten
    assert pace.left_out("grace", 2.7) == 0  # she was
