"""Open connections: whose they are, how many one person may have, and that they end with their session."""

from collections.abc import Iterator
from typing import Protocol

from servicekit.tokens import Identity
from video_service.domain.refusals import TooManyConnections


class OpenConnection(Protocol):
    """An open socket, or an endless answer."""

    identity: Identity

    def end_session(self) -> None: ...


class OpenConnections:
    def __init__(self, *, connections_per_person: int) -> None:
        self._max = connections_per_person
        self._connections: set[OpenConnection] = set()

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(tuple(self._connections))

    def __len__(self) -> int:
        return len(self._connections)

    def check(self, username: str) -> None:
        """Raises TooManyConnections."""
        if self._max and sum(connection.identity.username == username for connection in self._connections) >= self._max:
            raise TooManyConnections(self._max)

    def add(self, connection: OpenConnection) -> None:
        self._connections.add(connection)

    def discard(self, connection: OpenConnection) -> None:
        self._connections.discard(connection)

    def on_revoked(self, session_id: str) -> None:
        for connection in self:
            if connection.identity.session_id == session_id:
                connection.end_session()
