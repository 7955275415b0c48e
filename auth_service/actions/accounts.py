"""Registration, profiles and passwords, and the end of an account."""

from collections.abc import Awaitable, Callable, Sequence

from auth_service.domain.account import Account, Profile, Registration
from auth_service.domain.fair_queue import Place
from auth_service.domain.refusals import SessionEnded, TooOften, UnknownUser, UsernameTaken, WrongPassword
from auth_service.feed import Feed
from auth_service.passwords import PasswordMismatch, Passwords
from auth_service.store import AccountStore, Admission
from servicekit.hourly_rates import HourlyRate
from servicekit.logs import get_logger
from servicekit.tokens import Identity

log = get_logger(__name__)


class Accounts:
    def __init__(
        self,
        *,
        store: AccountStore,
        passwords: Passwords,
        feed: Feed,
        clock: Callable[[], float],
        profile_changes: HourlyRate,
    ) -> None:
        self._store = store
        self._profile_changes = profile_changes
        self._passwords = passwords
        self._feed = feed
        self._clock = clock

    async def register(self, registration: Registration, admission: Admission, place: Place) -> Account:
        """The new account. Raises UsernameTaken: of several at the same instant, exactly one wins.

        Raises RegistrationClosed, InvitationNeeded or InvitationSpent for who is not let in.
        """
        await self._store.check_admission(admission, now=self._clock())  # before it costs a hash
        password = await self._passwords.hash(registration.password, place)
        account = await self._store.add(registration, password=password, admission=admission, now=self._clock())
        if account is None:
            raise UsernameTaken(registration.username)
        log.info("registered", username=account.username)
        self._feed.profile_changed(account.version)
        return account

    async def get(self, username: str) -> Account:
        """Raises UnknownUser."""
        account = await self._store.find(username)
        if account is None:
            raise UnknownUser
        return account

    async def set_nickname(self, username: str, nickname: str) -> Profile:
        """Raises UnknownUser or TooOften, as the others do."""
        return await self._changed(username, self._store.set_nickname, nickname)

    async def set_avatar(self, username: str, url: str) -> Profile:
        return await self._changed(username, self._store.set_avatar, url)

    async def set_status(self, username: str, status: str) -> Profile:
        return await self._changed(username, self._store.set_status, status)

    async def change_password(self, identity: Identity, place: Place, *, current: str, new: str) -> int:
        """How many other sessions this ended: all of them. Raises WrongPassword."""
        account = await self._proven(identity, current, place)
        ended = await self._store.change_password(
            account,
            password=await self._passwords.hash(new, place),
            kept_session_id=identity.session_id,
            now=self._clock(),
        )
        if ended is None:  # someone else changed it in the meantime
            raise WrongPassword
        log.info("password changed", username=account.username, sessions_ended=len(ended))
        self._feed.sessions_ended(*ended)
        return len(ended)

    async def erase(self, identity: Identity, place: Place, *, password: str) -> None:
        """End the account and all its sessions; its name stays taken.

        Raises WrongPassword, SessionEnded or LastOwner.
        """
        account = await self._proven(identity, password, place)
        erased = await self._store.erase(account, now=self._clock())
        if erased is None:
            await self._own(identity)  # raises, if it was erased in the meantime
            raise WrongPassword
        version, ended = erased
        log.info("account erased", username=account.username, sessions_ended=len(ended))
        self._feed.sessions_ended(*ended)
        self._feed.profile_changed(version)

    async def find_by_prefix(self, asker: str, prefix: str, *, after: str, limit: int) -> list[Profile]:
        """People whose username or nickname begins with `prefix`, by username, those behind `after`.

        Raises TooManyAtOnce or TookTooLong.
        """
        return await self._store.list_profiles_by_prefix(asker, prefix, after=after, limit=limit)

    async def find_by_part(self, asker: str, part: str, *, after: str, limit: int) -> list[Profile]:
        """The same for those in whose username or nickname `part` stands."""
        return await self._store.list_profiles_by_part(asker, part, after=after, limit=limit)

    async def find_by_name(self, usernames: Sequence[str]) -> list[Profile]:
        """Those of them who are here, by username."""
        return await self._store.list_profiles(usernames)

    async def changed_after(self, version: int, *, limit: int) -> list[Profile]:
        """Profiles that are new, changed or erased since `version`, by version."""
        return await self._store.list_profiles_after(version, limit=limit)

    async def set_email(self, identity: Identity, place: Place, *, password: str, email: str | None) -> None:
        """Raises WrongPassword or SessionEnded."""
        account = await self._proven(identity, password, place)
        if not await self._store.set_email(account, email):  # the password is another one by now
            raise WrongPassword
        log.info("e-mail address changed", username=account.username)

    async def latest_version(self) -> int:
        return await self._store.get_profile_version()

    async def _own(self, identity: Identity) -> Account:
        """Raises SessionEnded: an account takes its sessions with it."""
        account = await self._store.find(identity.username)
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

    async def _changed(
        self, username: str, change: Callable[[str, str], Awaitable[tuple[Profile, bool] | None]], value: str
    ) -> Profile:
        """Each change is told to all services, and by chat to everybody who may see the person."""
        if not await self._profile_changes.take(username):
            raise TooOften("changes of your profile", self._profile_changes.retry_after_s)
        profile, is_new = await change(username, value) or (None, False)
        if profile is None:
            raise UnknownUser
        if is_new:
            log.info("profile changed", username=profile.username)
            self._feed.profile_changed(profile.version)
        else:
            self._profile_changes.give_back(username)
        return profile
