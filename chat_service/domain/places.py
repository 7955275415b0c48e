"""Places: where a conversation stands for somebody, and from where a device of theirs is told on.

An epoch says which conversation a label means: a room that is closed and made again under its name is another one, and
so is everything in a store that was restored from a backup. To clients it is a text to be compared for equality.
"""

from typing import NamedTuple


class Head(NamedTuple):
    """The end of a conversation: its last `seq`, and the epoch in which that counts."""

    seq: int
    epoch: str


class Place(NamedTuple):
    """A conversation of somebody's. `joined_seq`: where they became a member of the room; 0 in a 1:1 conversation."""

    seq: int
    epoch: str
    joined_seq: int


class Gap(NamedTuple):
    """What a device is to be told: the entries after `after`. `is_truncated`: they do not go on from what it has."""

    after: int
    is_truncated: bool


def conversation_id_of(epoch: str) -> int:
    """Raises ValueError for what is no epoch."""
    return _parts(epoch)[1]


def is_before(one: str, other: str) -> bool:
    """Whether the epoch `one` ended when `other` began; ids of conversations, and generations, only grow."""
    return one != other and _parts(one) < _parts(other)


def gap_of(place: Place, *, until: int, position: int, epoch: str | None, events_max: int) -> Gap:
    """What a device misses up to `until`, which says it has everything up to `position` in `epoch` (None: not said).

    Another epoch, or a position past the end, is of another past: then it has nothing. A member is told from where
    they joined, the last time, and at most the newest `events_max`.
    """
    is_another = position > place.seq or epoch not in {None, place.epoch}
    known = 0 if is_another else position
    start = max(known, place.joined_seq - 1)
    after = max(start, until - events_max)
    return Gap(after, is_another or after > start or 0 < known < start)


def _parts(epoch: str) -> tuple[int, int]:
    generation, _, conversation_id = epoch.partition(".")
    return int(generation), int(conversation_id)
