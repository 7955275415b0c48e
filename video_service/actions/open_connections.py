"""Open connections: whose they are, and that they end with their session."""

from collections.abc import Iterator
from typing import Protocol

from servicekit.tokens import Identity


class OpenConnection(Protocol):
    """An open socket, or an endless answer."""

    identity: Identity

    def end_session(self) -> None: ...
    def turn_away(self) -> None: ...


class OpenConnections:
    def __init__(self) -> None:
        self._connections: set[OpenConnection] = set()

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(tuple(self._connections))

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: OpenConnection) -> None:
        self._connections.add(connection)

    def discard(self, connection: OpenConnection) -> None:
        self._connections.discard(connection)

    def on_revoked(self, session_id: str) -> bool:
        """Whether there was one of that session."""
        ended = [connection for connection in self if connection.identity.session_id == session_id]
        for connection in ended:
            connection.end_session()
        return bool(ended)

    def turn_all_away(self) -> None:
        """Who is who is not certain now."""
        for connection in self:
            connection.turn_away()
