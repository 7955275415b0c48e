"""Authentication: whether the bearer of a token may pass now, from this service's own store."""

from collections.abc import Callable

from auth_service.domain.refusals import SessionEnded
from auth_service.store import SessionStore
from auth_service.tokens import Tokens
from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from servicekit.tokens import Identity

log = get_logger(__name__)


class Authentication:
    def __init__(self, *, store: SessionStore, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def authenticate(self, token: str | None) -> Identity:
        """The bearer, whose session lives at this moment. Raises Unauthenticated."""
        identity = self._tokens.verify(token)
        session = await self._store.find(identity.session_id)
        now = self._clock()
        if session is None or session.username != identity.username or not session.is_active(now):
            raise SessionEnded
        if session.is_seen_anew(now):
            await self._see(session.session_id, now)
        return identity

    def name_of(self, token: str | None) -> str:
        """Whose token it is, for the log; "" unless it was found good before. The session may have ended since."""
        identity = self._tokens.remembered(token) if token else None
        return "" if identity is None else identity.username

    async def _see(self, session_id: str, now: float) -> None:
        """Nobody is refused because it cannot be written down when they were here."""
        try:
            await self._store.see(session_id, now)
        except DatabaseError as fault:
            log.warning("not stored", what="last seen", reason=str(fault))
