"""What is on its way to a slow reader is little, to a quick one enough; the newest waits, and only the newest."""

from typing import Any

import pytest

from video_service.websocket.paced_sender import ON_THE_WAY_MAX, ON_THE_WAY_MIN, PROMPT_S, PacedSender


class Line:
    """A socket that keeps what is sent, and a clock."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.is_writable = True
        self.sent: list[bytes] = []
        self.probes: list[bytes] = []
        socket: Any = self
        self.paced_sender: PacedSender[int] = PacedSender(
            socket, lambda number: b"%d" % number, clock=lambda: self.now_s
        )

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def probe(self, payload: bytes) -> None:
        self.probes.append(payload)

    def offer(self, *numbers: int) -> None:
        for number in numbers:
            self.paced_sender.offer(number)

    def answer(self, after_s: float = 0.0) -> None:
        """The last probe, and with it all before."""
        self.now_s += after_s
        self.paced_sender.answered(self.probes[-1])


@pytest.fixture
def line() -> Line:
    return Line()


def test_of_many_a_few_leave_and_the_newest_follows(line: Line) -> None:
    line.offer(*range(10))
    assert line.sent == [b"0", b"1"]
    assert line.paced_sender.skipped == 7
    line.answer()
    assert line.sent == [b"0", b"1", b"9"]


def test_who_answers_at_once_gets_more_on_the_way_up_to_a_bound(line: Line) -> None:
    for number in range(20):
        line.offer(number)
        line.answer(PROMPT_S / 2)
    before = len(line.sent)
    line.offer(*range(50))
    assert len(line.sent) - before == ON_THE_WAY_MAX


def test_one_late_answer_makes_it_few_again(line: Line) -> None:
    for number in range(20):
        line.offer(number)
        line.answer()
    line.offer(20)
    line.answer(PROMPT_S)
    before = len(line.sent)
    line.offer(*range(50))
    assert len(line.sent) - before == ON_THE_WAY_MIN


def test_a_quick_line_that_falls_silent_gets_no_more(line: Line) -> None:
    for number in range(20):
        line.offer(number)
        line.answer()
    line.offer(1, 2, 3)
    line.now_s += PROMPT_S
    before = len(line.sent)
    line.offer(*range(50))
    assert len(line.sent) == before


def test_the_answer_to_a_later_mark_stands_for_those_before(line: Line) -> None:
    line.offer(1, 2, 3)
    line.paced_sender.answered(b"2")
    assert line.sent == [b"1", b"2", b"3"]


def test_nothing_leaves_while_the_line_is_full(line: Line) -> None:
    line.is_writable = False
    line.offer(1, 2)
    assert line.sent == []
    line.is_writable = True
    line.paced_sender.flush()
    assert line.sent == [b"2"]


@pytest.mark.parametrize("probe", [b"99", b"-1", b"what?", b"\xb2"])
def test_an_answer_that_nobody_asked_for_harms_nothing(line: Line, probe: bytes) -> None:
    line.offer(1)
    line.paced_sender.answered(probe)
    line.offer(2)
    assert line.sent == [b"1", b"2"]
