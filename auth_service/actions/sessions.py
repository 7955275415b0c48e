"""Signing in and out, and the sessions in between."""

from collections.abc import Callable

import msgspec

from auth_service import metrics
from auth_service.domain import session as domain
from auth_service.domain.account import Account
from auth_service.domain.refusals import (
    Banned,
    SessionEnded,
    StillSignedIn,
    TooManySignIns,
    UnknownSession,
    WrongCredentials,
)
from auth_service.domain.session import Device, Session
from auth_service.feed import Feed
from auth_service.passwords import PasswordMismatch, Passwords
from auth_service.store import AccountStore, SessionStore
from auth_service.tokens import Tokens
from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from servicekit.problems import Unauthenticated
from servicekit.tokens import Identity

REVOCATIONS_KEPT_S = 60  # longer than their last token: clocks differ
_REASONS: dict[type[Exception], str] = {
    WrongCredentials: "wrong_credentials",
    Banned: "banned",
    TooManySignIns: "too_many",
}
log = get_logger(__name__)


class Ticket(msgspec.Struct, frozen=True):
    """A token as it is handed out, with the seconds that it is good for."""

    access_token: str
    expires_in: int


class Sessions:
    def __init__(
        self,
        *,
        store: SessionStore,
        accounts: AccountStore,
        passwords: Passwords,
        tokens: Tokens,
        feed: Feed,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        token_lifetime_s: int,
        active_max: int,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._passwords = passwords
        self._tokens = tokens
        self._feed = feed
        self._clock = clock
        self._new_id = new_id
        self._token_lifetime_s = token_lifetime_s
        self._active_max = active_max

    async def sign_in(self, username: str, password: str, device: Device, replaced: str | None = None) -> Ticket:
        """A token of a new session; that of the token `replaced` ends, if it is the same person's.

        So does the one that was last seen the longest ago, where that makes more than there may be: all that there are
        can be listed. Raises WrongCredentials, Banned or TooManySignIns.
        """
        try:
            session = await self._open(await self._verified(username, password, device), device, replaced)
        except (WrongCredentials, Banned, TooManySignIns) as refusal:
            reason = _REASONS[type(refusal)]
            metrics.sign_ins_refused.labels(reason).inc()
            log.warning("sign-in refused", username=username[:64], address=device.ip_address, reason=reason)
            raise
        log.info("signed in", username=session.username, session=session.session_id, address=device.ip_address)
        return self._ticket(session.username, session.session_id, session.expires_at)

    async def known_as(self, username: str, device: Device) -> str:
        """The device mark by which `device` is known as one of theirs; empty where it is not, or there is nobody."""
        return await self._store.find_device_mark(username, device.marks, now=self._clock()) or ""

    async def refresh(self, identity: Identity) -> Ticket:
        """A fresh token of the same session. Raises SessionEnded.

        Who asks again at once gets one that lasts as long as the one before: nothing is written for that.
        """
        now = self._clock()
        expires_at = int(now) + self._token_lifetime_s
        session = await self._store.find(identity.session_id)
        if session is None or session.revoked_at is not None:
            raise SessionEnded
        if not session.is_worth_extending(expires_at, lifetime_s=self._token_lifetime_s):
            return self._ticket(identity.username, identity.session_id, session.expires_at)
        if not await self._store.extend(identity.session_id, expires_at=expires_at, now=now):
            raise SessionEnded
        return self._ticket(identity.username, identity.session_id, expires_at)

    async def sign_out(self, identity: Identity) -> None:
        """Raises StillSignedIn where that cannot be stored."""
        try:
            await self._revoke(identity.username, identity.session_id)
        except DatabaseError as fault:
            log.warning("not signed out", username=identity.username, session=identity.session_id, reason=str(fault))
            raise StillSignedIn from None
        log.info("signed out", username=identity.username, session=identity.session_id)

    async def end(self, username: str, session_id: str) -> None:
        """End the session `session_id`, if it is one of `username`. Raises UnknownSession."""
        if not await self._revoke(username, session_id):
            raise UnknownSession
        log.info("session revoked", username=username, session=session_id)

    async def list_active(self, username: str) -> list[Session]:
        """The devices of `username`, the last seen first."""
        return await self._store.list_active(username, now=self._clock(), limit=self._active_max)

    async def list_revoked(self) -> list[str]:
        """The ids of all revoked sessions of which a token could still be good."""
        expired_before = self._clock() - REVOCATIONS_KEPT_S
        return await self._store.list_revoked(expired_before=expired_before)

    async def _revoke(self, username: str, session_id: str) -> bool:
        """Here the session has ended when this returns; elsewhere as soon as the feed tells of it."""
        revoked = await self._store.revoke(username, session_id, self._clock())
        if revoked:
            self._feed.sessions_ended(session_id)
        return revoked

    async def _verified(self, username: str, password: str, device: Device) -> Account:
        """Raises WrongCredentials, and Banned only to who knows the password."""
        account = await self._accounts.find(username)
        place = device.place(is_known=bool(await self.known_as(username, device)))
        try:
            is_current = await self._passwords.verify(password, account.password if account else None, place)
        except PasswordMismatch:
            raise WrongCredentials from None
        assert account is not None  # else there was nothing that could match
        if account.is_banned:
            raise Banned
        if not is_current:
            renewed = await self._passwords.hash(password, place)
            await self._accounts.renew_hash(account, renewed)
        return account

    async def _open(self, account: Account, device: Device, replaced: str | None) -> Session:
        """Raises WrongCredentials if the password was changed, or the person banned, since it was verified."""
        session = domain.started(
            session_id=self._new_id(),
            username=account.username,
            device=device,
            now=self._clock(),
            lifetime_s=self._token_lifetime_s,
        )
        ended = await self._store.sign_in(
            session,
            password_version=account.password_version,
            device_marks=device.marks,
            replaced_session_id=self._session_id_of(replaced),
            active_max=self._active_max,
        )
        if ended is None:
            raise WrongCredentials
        if ended:
            self._feed.sessions_ended(*ended)
        return session

    def _session_id_of(self, token: str | None) -> str:
        """Of a token that is good; else empty, which is nobody's."""
        try:
            return self._tokens.verify(token).session_id
        except Unauthenticated:
            return ""

    def _ticket(self, username: str, session_id: str, expires_at: int) -> Ticket:
        now = self._clock()
        token = self._tokens.sign(username=username, session_id=session_id, now=now, expires_at=expires_at)
        return Ticket(access_token=token, expires_in=expires_at - int(now))
