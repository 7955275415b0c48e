"""Connection counts: how many connections each person has here."""

from collections import Counter

from chat_service.domain.refusals import TooManyConnections


class ConnectionCounts:
    def __init__(self, *, per_person_max: int) -> None:
        """0 lets everybody have as many as they like."""
        self._per_person_max = per_person_max
        self._counts: Counter[str] = Counter()

    def check(self, username: str) -> None:
        """Raises TooManyConnections."""
        if self._per_person_max and self._counts[username] >= self._per_person_max:
            raise TooManyConnections(self._per_person_max)

    def add(self, username: str) -> None:
        """Count a connection, from the moment of its admission: many may come at once."""
        self._counts[username] += 1

    def remove(self, username: str) -> None:
        self._counts[username] -= 1
        if not self._counts[username]:
            del self._counts[username]
