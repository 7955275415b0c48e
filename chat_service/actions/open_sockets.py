"""Open sockets: those of this instance, which end with their session."""

from typing import Protocol

from servicekit.frames import CloseCode
from servicekit.tokens import Identity


class OpenSocket(Protocol):
    @property
    def identity(self) -> Identity: ...

    def end_session(self) -> None: ...
    def close(self, code: int, reason: str = "") -> None: ...


class OpenSockets(set[OpenSocket]):
    def end_session(self, session_id: str) -> bool:
        """Whether it had one here."""
        ended = [one for one in self if one.identity.session_id == session_id]
        for socket in ended:
            socket.end_session()
        return bool(ended)

    def close_all(self) -> None:
        for socket in list(self):
            socket.close(CloseCode.TRY_AGAIN_LATER, "who is who is not certain now")
