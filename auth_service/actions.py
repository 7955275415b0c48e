"""What people do with accounts and sessions: each verb one transaction, announced after its commit."""

from collections.abc import Callable

import msgspec

from auth_service import store
from auth_service.domain import session as sessions
from auth_service.domain.account import Account, Profile, Registration
from auth_service.domain.fair_queue import Place
from auth_service.domain.refusals import (
    SessionEnded,
    StillSignedIn,
    UnknownSession,
    UnknownUser,
    UsernameTaken,
    WrongCredentials,
    WrongPassword,
)
from auth_service.domain.session import Device, Session
from auth_service.feed import Feed
from auth_service.passwords import PasswordMismatch, Passwords
from auth_service.tokens import Tokens
from servicekit.database import Database, DatabaseError
from servicekit.logs import get_logger
from servicekit.problems import Unauthenticated
from servicekit.tokens import Identity

REVOCATIONS_KEPT_S = 60  # longer than their last token: clocks differ
log = get_logger(__name__)


class Ticket(msgspec.Struct, frozen=True):
    """A token as it is handed out, with the seconds that it is good for."""

    access_token: str
    expires_in: int


class Accounts:
    """Registration, profiles and passwords."""

    def __init__(self, *, database: Database, passwords: Passwords, feed: Feed, clock: Callable[[], float]) -> None:
        self._database = database
        self._passwords = passwords
        self._feed = feed
        self._clock = clock

    async def register(self, registration: Registration, place: Place) -> Account:
        """The new account. Raises UsernameTaken: of several at the same instant, exactly one wins."""
        password = await self._passwords.hash(registration.password, place)
        account = await self._database.write(store.add_account, registration, password=password, now=self._clock())
        if account is None:
            raise UsernameTaken(registration.username)
        log.info("registered", username=account.username)
        self._feed.profile_changed(account.version)
        return account

    async def get(self, username: str) -> Account:
        """Raises UnknownUser."""
        account = await self._database.read(store.find_account, username)
        if account is None:
            raise UnknownUser
        return account

    async def set_nickname(self, username: str, nickname: str) -> Profile:
        return self._announced(await self._database.write(store.set_nickname, username, nickname))

    async def set_avatar(self, username: str, url: str) -> Profile:
        return self._announced(await self._database.write(store.set_avatar, username, url))

    async def change_password(self, identity: Identity, place: Place, *, current: str, new: str) -> int:
        """How many other sessions this ended: all of them. Raises WrongPassword."""
        account = await self._proven(identity, current, place)
        ended = await self._database.write(
            store.change_password,
            account,
            password=await self._passwords.hash(new, place),
            kept_sid=identity.session_id,
            now=self._clock(),
        )
        if ended is None:  # someone else changed it in the meantime
            raise WrongPassword
        log.info("password changed", username=account.username, sessions_ended=len(ended))
        self._feed.sessions_revoked(*ended)
        return len(ended)

    async def erase(self, identity: Identity, place: Place, *, password: str) -> None:
        """End the account and all its sessions; its name stays taken. Raises WrongPassword or SessionEnded."""
        account = await self._proven(identity, password, place)
        erased = await self._database.write(store.erase_account, account, now=self._clock())
        if erased is None:
            await self._own(identity)  # raises, if it was erased in the meantime
            raise WrongPassword
        version, ended = erased
        log.info("account erased", username=account.username, sessions_ended=len(ended))
        self._feed.sessions_revoked(*ended)
        self._feed.profile_changed(version)

    async def find_by_prefix(self, asker: str, prefix: str, *, after: str, limit: int) -> list[Profile]:
        """People whose username or nickname begins with `prefix`, by username, those behind `after`.

        Raises TooManyAtOnce or TookTooLong.
        """
        return await self._database.read_long(asker, store.list_profiles_by_prefix, prefix, after=after, limit=limit)

    async def changed_after(self, version: int, *, limit: int) -> list[Profile]:
        """Profiles that are new, changed or erased since `version`, by version."""
        return await self._database.read(store.list_profiles_after, version, limit=limit)

    async def latest_version(self) -> int:
        return await self._database.read(store.get_profile_version)

    async def _own(self, identity: Identity) -> Account:
        """Raises SessionEnded: an account takes its sessions with it."""
        account = await self._database.read(store.find_account, identity.username)
        if account is None:
            raise SessionEnded
        return account

    async def _proven(self, identity: Identity, password: str, place: Place) -> Account:
        """The account of who asks, and knows its password. Raises WrongPassword or SessionEnded."""
        account = await self._own(identity)
        try:
            await self._passwords.verify(password, account.password, place)
        except PasswordMismatch:
            log.warning("password refused", username=account.username, network=place.network)
            raise WrongPassword from None
        return account

    def _announced(self, profile: Profile | None) -> Profile:
        if profile is None:
            raise UnknownUser
        log.info("profile changed", username=profile.username)
        self._feed.profile_changed(profile.version)
        return profile


class Sessions:
    """Signing in and out, and who may pass."""

    def __init__(
        self,
        *,
        database: Database,
        passwords: Passwords,
        tokens: Tokens,
        feed: Feed,
        clock: Callable[[], float],
        new_id: Callable[[], str],
        token_lifetime_s: int,
        listed_max: int,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._tokens = tokens
        self._feed = feed
        self._clock = clock
        self._new_id = new_id
        self._token_lifetime_s = token_lifetime_s
        self._listed_max = listed_max

    async def sign_in(self, username: str, password: str, device: Device, replaced: str | None = None) -> Ticket:
        """A token of a new session; that of the token `replaced` ends, if it is the same person's.

        Raises WrongCredentials or TooManySignIns.
        """
        try:
            session = await self._open(await self._verified(username, password, device), device, replaced)
        except WrongCredentials:
            log.warning("sign-in refused", username=username[:64], address=device.address)
            raise
        log.info("signed in", username=session.username, session=session.sid, address=device.address)
        return self._ticket(session.username, session.sid, session.expires_at)

    async def authenticate(self, token: str | None) -> Identity:
        """The bearer, whose session lives at this moment. Raises Unauthenticated."""
        identity = self._tokens.verify(token)
        session = await self._database.read(store.find_session, identity.session_id)
        now = self._clock()
        if session is None or session.username != identity.username or not session.is_active(now):
            raise SessionEnded
        if session.is_seen_anew(now):
            await self._see(session.sid, now)
        return identity

    def name_of(self, token: str | None) -> str:
        """Whose token it is, for the log; "" unless it was found good before. The session may have ended since."""
        identity = self._tokens.remembered(token) if token else None
        return "" if identity is None else identity.username

    async def known_as(self, username: str, device: Device) -> str:
        """The mark by which `device` is known as one of `username`; empty where it is not, or there is nobody."""
        return await self._database.read(store.find_known_mark, username, device.marks, now=self._clock()) or ""

    async def refresh(self, identity: Identity) -> Ticket:
        """A fresh token of the same session. Raises SessionEnded."""
        now = self._clock()
        expires_at = int(now) + self._token_lifetime_s
        if not await self._database.write(store.extend_session, identity.session_id, expires_at=expires_at, now=now):
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

    async def end(self, username: str, sid: str) -> None:
        """End the session `sid`, if it is one of `username`. Raises UnknownSession."""
        if not await self._revoke(username, sid):
            raise UnknownSession
        log.info("session revoked", username=username, session=sid)

    async def list_active(self, username: str) -> list[Session]:
        """The devices of `username`, the last seen first."""
        return await self._database.read(
            store.list_active_sessions, username, now=self._clock(), limit=self._listed_max
        )

    async def list_revoked(self) -> list[str]:
        """The ids of all revoked sessions of which a token could still be good."""
        expired_before = self._clock() - REVOCATIONS_KEPT_S
        return await self._database.read(store.list_revoked_sids, expired_before=expired_before)

    async def _revoke(self, username: str, sid: str) -> bool:
        """Here the session has ended when this returns; elsewhere as soon as the feed tells of it."""
        revoked = await self._database.write(store.revoke_session, username, sid, self._clock())
        if revoked:
            self._feed.sessions_revoked(sid)
        return revoked

    async def _see(self, sid: str, now: float) -> None:
        """Nobody is refused because it cannot be written down when they were here."""
        try:
            await self._database.write(store.see_session, sid, now)
        except DatabaseError as fault:
            log.warning("not stored", what="last seen", reason=str(fault))

    async def _verified(self, username: str, password: str, device: Device) -> Account:
        account = await self._database.read(store.find_account, username)
        place = device.place(is_known=bool(await self.known_as(username, device)))
        try:
            is_current = await self._passwords.verify(password, account.password if account else None, place)
        except PasswordMismatch:
            raise WrongCredentials from None
        assert account is not None  # else there was nothing that could match
        if not is_current:
            renewed = await self._passwords.hash(password, place)
            await self._database.write(store.renew_hash, account, renewed)
        return account

    async def _open(self, account: Account, device: Device, replaced: str | None) -> Session:
        """Raises WrongCredentials if the password has been changed since it was verified."""
        session = sessions.started(
            sid=self._new_id(),
            username=account.username,
            device=device,
            now=self._clock(),
            lifetime_s=self._token_lifetime_s,
        )
        replaced_sid = self._sid_of(replaced)
        opened, ended = await self._database.write(
            store.sign_in,
            session,
            password_version=account.password_version,
            marks=device.marks,
            replaced_sid=replaced_sid,
        )
        if not opened:
            raise WrongCredentials
        if ended:
            self._feed.sessions_revoked(replaced_sid)
        return session

    def _sid_of(self, token: str | None) -> str:
        """Of a token that is good; else empty, which is nobody's."""
        try:
            return self._tokens.verify(token).session_id
        except Unauthenticated:
            return ""

    def _ticket(self, username: str, sid: str, expires_at: int) -> Ticket:
        now = self._clock()
        token = self._tokens.sign(username=username, session_id=sid, now=now, expires_at=expires_at)
        return Ticket(access_token=token, expires_in=expires_at - int(now))


class Reminder:
    """Announces again, at each connection to Redis, what may have been missed.

    Redis may have been away, or this process have died between a commit and its announcement.
    """

    def __init__(self, *, accounts: Accounts, sessions: Sessions, feed: Feed) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._feed = feed

    async def run(self) -> None:
        while True:
            await self._feed.connected()
            self._feed.sessions_revoked(*await self._sessions.list_revoked())
            self._feed.profile_changed(await self._accounts.latest_version())
