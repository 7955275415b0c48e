"""Authentication: whether the bearer of a token may pass now, from the issuer's keys and its list of revocations."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

import httpx
import msgspec
from starlette.requests import Request

from servicekit.bus import Bus
from servicekit.logs import get_logger
from servicekit.metrics import revocation_seconds
from servicekit.problems import Unauthenticated, Unavailable
from servicekit.tokens import Identity, InvalidToken, TokenVerifier, UnknownKey

REVOCATIONS_CHANNEL = "revocations"
KEYS_INTERVAL_S = 0.5
REREAD_INTERVAL_S = 10.0
log = get_logger(__name__)


class _Revocations(msgspec.Struct, frozen=True):
    """The issuer's list, whole."""

    revoked: set[str]


class Authentication:
    """Follows one issuer: its key set, and the sessions it has revoked.

    The issuer's own store is the truth; Redis only tells of news. So the whole list is read at the start, after
    every re-subscription, and again and again while Redis is away: a lost message cannot let a revoked session pass.
    Every `reread_interval_s` it is read although all seems well: the issuer may speak on another bus than this one.
    """

    def __init__(
        self,
        *,
        issuer_url: str,
        http: httpx.AsyncClient,
        bus: Bus,
        clock: Callable[[], float],
        poll_interval_s: float = 0.2,
        keys_interval_s: float = KEYS_INTERVAL_S,
        reread_interval_s: float = REREAD_INTERVAL_S,
    ) -> None:
        self._issuer_url = issuer_url.rstrip("/")
        self._http = http
        self._bus = bus
        self._clock = clock
        self._tokens = TokenVerifier(clock=clock)
        self._revoked: set[str] = set()
        self._revoked_while_reading: set[str] = set()
        self._listeners: list[Callable[[str], bool | None]] = []
        self._poll_interval_s = poll_interval_s
        self._keys_interval_s = keys_interval_s
        self._reread_interval_s = reread_interval_s
        self._keys_tried_at_s = float("-inf")
        self._fetching_keys = asyncio.Lock()
        self._stale = asyncio.Event()
        self.is_current = False

    def on_revoked(self, listener: Callable[[str], bool | None]) -> None:
        """Call `listener(session_id)` for each session that is revoked from now on; True: it has closed something."""
        self._listeners.append(listener)

    def identify(self, token: str) -> Identity:
        """The bearer, without I/O. Raises Unauthenticated; UnknownKey when `authenticate` may know better."""
        try:
            identity = self._tokens.verify(token)
        except UnknownKey:
            raise
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from None
        if identity.session_id in self._revoked:
            raise Unauthenticated("The session has ended.")
        return identity

    def knows(self, token: str) -> bool:
        """Whether the bearer may pass, as far as can be told without work; False: `authenticate` knows better."""
        identity = self._tokens.remembered(token)
        return identity is not None and identity.session_id not in self._revoked

    def name_of(self, token: str | None) -> str:
        """Whose token it is, for the log; "" unless it was found good before. The session may have ended since."""
        identity = self._tokens.remembered(token) if token else None
        return "" if identity is None else identity.username

    async def authenticate(self, token: str | None) -> Identity:
        """The bearer, fetching keys when they are missing. Raises Unauthenticated, or Unavailable without keys."""
        if not token:
            raise Unauthenticated("A token is required.")
        try:
            return self.identify(token)
        except UnknownKey:
            await self._fetch_keys()
        try:
            return self.identify(token)
        except UnknownKey as error:
            if not self._tokens.has_keys:
                raise Unavailable("The auth service does not answer; tokens cannot be checked yet.") from None
            raise Unauthenticated(str(error)) from None

    async def run(self) -> None:
        """Keep the revocations current until cancelled."""
        self._bus.on_connected(self._stale.set)
        self._bus.on_disconnected(self._stale.set)
        await self._bus.subscribe(REVOCATIONS_CHANNEL, self._on_news)
        while True:
            self._stale.clear()
            self.is_current = await self._read_revocations() and await self._has_keys()
            is_told = self.is_current and self._bus.is_connected
            with suppress(TimeoutError):
                # not wait_for: it may swallow a cancellation
                async with asyncio.timeout(self._reread_interval_s if is_told else self._poll_interval_s):
                    await self._stale.wait()

    def revoke(self, session_id: str) -> bool:
        """Let nobody pass with this session any more, and tell the listeners, once. Whether one closed something."""
        if session_id in self._revoked:
            return False
        self._revoked.add(session_id)
        self._revoked_while_reading.add(session_id)
        closed = [listener(session_id) for listener in self._listeners]
        return any(closed)

    def _on_news(self, payload: bytes) -> None:
        """A session id, with the time of its end where it was told at once."""
        session_id, _, ended_at = payload.decode().partition(" ")
        if self.revoke(session_id) and ended_at:
            revocation_seconds.observe(max(0.0, self._clock() - float(ended_at)))

    async def _read_revocations(self) -> bool:
        self._revoked_while_reading.clear()
        try:
            answer = await self._get("/internal/revocations")
            listed = msgspec.convert(answer, _Revocations).revoked
        except (httpx.HTTPError, ValueError, msgspec.ValidationError):
            return False
        for session_id in listed - self._revoked:
            self.revoke(session_id)
        # The issuer forgets a session when its last token has expired, and so do we.
        self._revoked = listed | self._revoked_while_reading
        return True

    async def _has_keys(self) -> bool:
        """Fetched now where they are missing, not with the first token: the issuer may be away by then."""
        if not self._tokens.has_keys:
            await self._fetch_keys()
        return self._tokens.has_keys

    async def _fetch_keys(self) -> None:
        """Fetch the key set, but not again within the interval, so that forged key ids cost the issuer nothing."""
        async with self._fetching_keys:
            if monotonic() - self._keys_tried_at_s < self._keys_interval_s:
                return
            self._keys_tried_at_s = monotonic()
            try:
                self._tokens.trust(await self._get("/.well-known/jwks.json"))
            except (httpx.HTTPError, ValueError) as error:
                log.warning("keys cannot be fetched", reason=type(error).__name__)

    async def _get(self, path: str) -> Any:
        response = await self._http.get(self._issuer_url + path)
        response.raise_for_status()
        return response.json()


async def identify(request: Request[Any]) -> Identity:
    """Who asks, as `bearer` has it."""
    return await bearer(request.scope["state"], token_of(request))


async def bearer(state: Mapping[str, Any], token: str | None) -> Identity:
    """Whom the token was signed for, as the state's `authentication` says. Raises Unauthenticated or Unavailable.

    Where the state has a copy of all `profiles`, nobody passes while it is in doubt who is who: the issuer may have
    lost its store, and somebody else have taken the name in a new one.
    """
    profiles = state.get("profiles")
    if profiles is not None:
        await profiles.confirm()  # first: else the tokens of a lost store would be refused, and their sessions given up
    identity: Identity = await state["authentication"].authenticate(token)
    if profiles is not None and not await profiles.confirm(identity.store):
        raise Unauthenticated("The session has ended with the accounts that it was of.")
    return identity


def token_of(request: Request[Any]) -> str | None:
    return bearer_token(request.headers.get("authorization"))


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 §2.1), or None."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
