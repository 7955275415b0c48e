"""Connection counts: what one instance counts by itself."""

from pathlib import Path

import pytest

from servicekit.bus import Bus
from servicekit.connection_counts import OPENED_BURST, ConnectionCounts
from servicekit.problems import Refusal


class TooMany(Refusal):
    def __init__(self, connections_max: int) -> None:
        super().__init__(str(connections_max))


def counts_of(folder: Path, per_person_max: int) -> ConnectionCounts:
    """Where no Redis is."""
    bus = Bus(f"unix://{folder}/nothing.sock")
    return ConnectionCounts(bus=bus, service="chat", per_person_max=per_person_max, refusal=TooMany)


async def test_who_opens_and_closes_without_end_is_refused_and_nobody_else(tmp_path: Path) -> None:
    counts = counts_of(tmp_path, 20)
    for _ in range(OPENED_BURST):
        counts.claim("Ada").release()
    with pytest.raises(TooMany):
        for _ in range(OPENED_BURST):
            counts.claim("Ada").release()
    counts.claim("Grace").release()


async def test_those_that_are_refused_for_their_number_do_not_count_as_opened(tmp_path: Path) -> None:
    counts = counts_of(tmp_path, 1)
    first = counts.claim("Ada")
    for _ in range(2 * OPENED_BURST):
        with pytest.raises(TooMany):
            counts.claim("Ada")
    first.release()
    counts.claim("Ada").release()


async def test_without_a_maximum_they_may_be_opened_as_often_as_one_likes(tmp_path: Path) -> None:
    counts = counts_of(tmp_path, 0)
    for _ in range(2 * OPENED_BURST):
        counts.claim("Ada").release()
