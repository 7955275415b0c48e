"""Attendance: who has something open here, and that it ends with their session."""

from collections.abc import Iterator
from typing import Protocol

from servicekit.tokens import Identity
from video_service.domain.refusals import TooManyConnections


class Guest(Protocol):
    """An open socket, or an endless answer."""

    identity: Identity

    def end_session(self) -> None: ...


class Attendance:
    def __init__(self, *, connections_per_person: int) -> None:
        self._max = connections_per_person
        self._guests: set[Guest] = set()

    def __iter__(self) -> Iterator[Guest]:
        return iter(tuple(self._guests))

    def __len__(self) -> int:
        return len(self._guests)

    def check(self, username: str) -> None:
        """Raises TooManyConnections."""
        if self._max and sum(guest.identity.username == username for guest in self._guests) >= self._max:
            raise TooManyConnections(self._max)

    def enter(self, guest: Guest) -> None:
        self._guests.add(guest)

    def leave(self, guest: Guest) -> None:
        self._guests.discard(guest)

    def on_revoked(self, session_id: str) -> None:
        for guest in self:
            if guest.identity.session_id == session_id:
                guest.end_session()
