"""The fair queue: who is next where work is scarce, and who has to go when too many wait."""

from collections import Counter
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Place(msgspec.Struct, frozen=True):
    """Where somebody who waits came from: an address's network, the wider one around it, and whether it is known."""

    network: str
    wider_network: str
    is_known: bool = False


class _Waiting(msgspec.Struct, Generic[T], frozen=True):
    place: Place
    item: T


class FairQueue(Generic[T]):
    """Known devices first; then the networks take turns, the wider ones and those in each, and in each the first comer.

    One network with a thousand requests so delays another's by one of them. Nothing here is faster than a walk
    through all who wait: they are few.
    """

    def __init__(self, *, waiting_max: int) -> None:
        self._waiting_max = waiting_max
        self._waiting: list[_Waiting[T]] = []
        self._turns: dict[str, int] = {}  # of the networks that somebody waits in: when it was last theirs
        self._turn = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: T, place: Place) -> T | None:
        """Who has to go because too many wait, perhaps `item` itself: the newest of the network with the most."""
        for network in _networks(place):
            self._turns.setdefault(network, self._turn)
        self._waiting.append(_Waiting(place, item))
        return None if len(self._waiting) <= self._waiting_max else self._remove(self._greediest())

    def take(self) -> T | None:
        """The next one, who waits no more."""
        if not self._waiting:
            return None
        chosen = min(self._foremost(is_known=True), key=self._last_turns)
        self._turn += 1
        for network in _networks(chosen.place):
            self._turns[network] = self._turn
        return self._remove(chosen)

    def discard(self, item: T) -> None:
        """`item` waits no more, if it did."""
        for one in self._waiting:
            if one.item is item:
                self._remove(one)
                return

    def _last_turns(self, one: _Waiting[T]) -> tuple[int, ...]:
        return tuple(self._turns[network] for network in _networks(one.place))

    def _foremost(self, *, is_known: bool) -> list[_Waiting[T]]:
        """Those of known devices, or of unknown ones, first comers first; of the others where there are none."""
        return [one for one in self._waiting if one.place.is_known is is_known] or self._waiting

    def _greediest(self) -> _Waiting[T]:
        rivals = self._foremost(is_known=False)
        waiting = Counter(network for one in rivals for network in _networks(one.place))
        newest_first = reversed(rivals)
        return max(newest_first, key=lambda one: tuple(waiting[network] for network in _networks(one.place)))

    def _remove(self, chosen: _Waiting[T]) -> T:
        self._waiting = [one for one in self._waiting if one is not chosen]
        left = {network for one in self._waiting for network in _networks(one.place)}
        self._turns = {network: turn for network, turn in self._turns.items() if network in left}
        return chosen.item


def _networks(place: Place) -> tuple[str, str]:
    """Marked, for what is no address is the same in both."""
    return f"~{place.wider_network}", place.network
