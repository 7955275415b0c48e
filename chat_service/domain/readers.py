"""Readers: people who are connected here, and the rule that each gets every event once and in order.

A channel delivers at most once, and the same event can come again after a repair. So a reader knows the last `seq`
passed on of each conversation: the next one passes, an old one is dropped, and a gap means to read the store.
"""

from collections.abc import Mapping
from typing import Protocol

from chat_service.domain.conversations import Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.places import Place

RESUME_GRACE_S = 0.25  # how long live events are held for who may resume
RESUME_GRACE_S_MAX = 2.0  # for who does not even answer a ping


class Connection(Protocol):
    """Where a reader's events go."""

    def send_event(self, label: Label | None, event: EncodedEvent) -> None:
        """An event of the conversation `label`, or about the person it names; without one, about the connection."""
        ...


class Reader:
    """One person on this instance: their open connections, all at the same place in every conversation."""

    __slots__ = (
        "behind",
        "certain",
        "connections",
        "doubts",
        "is_gone",
        "is_in_doubt",
        "is_loaded",
        "places",
        "positions",
        "username",
    )

    def __init__(self, username: str) -> None:
        self.username = username
        self.connections: list[Connection] = []
        self.positions: dict[Label, int] = {}
        self.places: dict[Label, Place] = {}  # as they were read; a 1:1 conversation begun since has none
        self.behind: dict[Label, int] = {}
        self.is_loaded = False
        self.is_in_doubt = False  # whether something may have been lost, so that they may be in other rooms by now
        self.doubts = 0  # how often that was
        self.certain: set[Label] = set()  # but in these they are
        self.is_gone = False  # without any connection here

    def load(self, places: Mapping[Label, Place]) -> bool:
        """Start at the ends, read after the subscription was in force. True when behind already."""
        self.places = dict(places)
        self.positions = {label: place.seq for label, place in places.items()}
        self.behind = {label: seq for label, seq in self.behind.items() if seq > self.positions.get(label, 0)}
        self.is_loaded = True
        return bool(self.behind)

    def doubt(self) -> None:
        self.is_in_doubt = True
        self.doubts += 1
        self.certain.clear()

    def resolve(self, doubts: int) -> None:
        """The store was read when there had been so many doubts; one that came since stays."""
        if self.doubts == doubts:
            self.is_in_doubt = False

    def is_surely_in(self, label: Label) -> bool:
        return not self.is_in_doubt or label in self.certain

    def take(self, label: Label, seq: int, event: EncodedEvent | None) -> bool:
        """Pass on an event from the channel, or a nudge. True when it leaves a gap, which only the store can fill."""
        if not seq:
            self._pass_on(label, event)
            return False
        position = self.positions.get(label, 0)
        if seq <= position and self.is_loaded:
            return False
        if seq == position + 1 and event and self.is_loaded and label not in self.behind:
            self.positions[label] = seq
            self._pass_on(label, event)
            return False
        self.behind[label] = max(seq, self.behind.get(label, 0))
        return self.is_loaded

    def fall_behind(self, label: Label, seq: int) -> None:
        """The store has `seq` in this conversation: read on from here before anything newer passes."""
        if seq > self.positions.get(label, 0):
            self.behind[label] = max(seq, self.behind.get(label, 0))

    def catch_up(self, label: Label, seq: int, event: EncodedEvent) -> None:
        """Pass on an event from the store, which is read in order from the position on."""
        if seq > self.positions.get(label, 0):
            self.positions[label] = seq
            self._pass_on(label, event)

    def caught_up(self, label: Label) -> bool:
        """Whether what made the reader fall behind has been passed on; then live events pass again."""
        if self.positions.get(label, 0) < self.behind[label]:
            return False
        del self.behind[label]
        return True

    def join(self, places: Mapping[Label, Place]) -> None:
        """The person is in these rooms now, from where they joined."""
        self.places.update(places)
        for label, place in places.items():
            self.positions.setdefault(label, max(0, place.joined_seq - 1))

    def leave(self, label: Label) -> None:
        """The person is no longer in this conversation."""
        self.places.pop(label, None)
        self.positions.pop(label, None)
        self.behind.pop(label, None)

    def _pass_on(self, label: Label, event: EncodedEvent | None) -> None:
        if event:
            for connection in tuple(self.connections):  # a full outbox takes its connection out of the list
                connection.send_event(label, event)
