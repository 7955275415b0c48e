"""Roles: what the two kinds of connection have in common with the socket that they are on."""

from typing import Protocol

from servicekit.problems import Refusal
from servicekit.tokens import Identity
from video_service.state import State


class Socket(Protocol):
    """The socket, as a role sees it."""

    identity: Identity
    state: State

    @property
    def is_writable(self) -> bool: ...

    def send(self, frame: bytes) -> None: ...

    def probe(self, payload: bytes) -> None: ...

    def close(self, code: int, reason: str = "") -> None: ...

    def tell(self, event: bytes) -> None:
        """Send an event."""

    def tell_refusal(self, refusal: Refusal, sequence: int | None = None) -> None: ...
