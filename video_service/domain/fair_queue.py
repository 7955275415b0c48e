"""The fair queue: whose work is next, when each has one slot and all share the workers."""

from typing import Generic, TypeVar

Key = TypeVar("Key")
Work = TypeVar("Work")


class FairQueue(Generic[Key, Work]):
    """The newest work of each key waits in its one slot; keys take turns, and have at most one work in hand.

    So a key that puts twice as often as another gets no more done, and its results keep their order.
    """

    def __init__(self) -> None:
        self._waiting: dict[Key, Work] = {}  # in the order of their turns
        self._in_hand: set[Key] = set()
        self._held: dict[Key, Work] = {}  # of keys in hand

    def put(self, key: Key, work: Work) -> Work | None:
        """Put `work` into the key's slot; what it replaces there. It takes over the place in line."""
        slots = self._held if key in self._in_hand else self._waiting
        replaced = slots.get(key)
        slots[key] = work
        return replaced

    def take(self) -> tuple[Key, Work] | None:
        """The next work, in hand from now on; None while nothing waits."""
        if not self._waiting:
            return None
        key = next(iter(self._waiting))
        self._in_hand.add(key)
        return key, self._waiting.pop(key)

    def done(self, key: Key) -> None:
        """What was taken for `key` is not in hand any more; its next work goes to the end of the line."""
        self._in_hand.discard(key)
        if key in self._held:
            self._waiting[key] = self._held.pop(key)

    def leave(self, key: Key) -> None:
        """Nothing of `key` waits any more."""
        self._waiting.pop(key, None)
        self._held.pop(key, None)
