"""Password resets: an owner gives a link to who has forgotten their password. There is no mail anywhere."""

from collections.abc import Callable

from auth_service.domain.account import Account
from auth_service.domain.fair_queue import Place
from auth_service.domain.invitations import ResetLink
from auth_service.domain.refusals import LinkSpent
from auth_service.domain.roles import Actor
from auth_service.feed import Feed
from auth_service.links import Links, hash_of
from auth_service.passwords import Passwords
from auth_service.store import AccountStore, PasswordResetStore
from servicekit.logs import get_logger

log = get_logger(__name__)


class PasswordResets:
    def __init__(
        self,
        *,
        store: PasswordResetStore,
        accounts: AccountStore,
        passwords: Passwords,
        links: Links,
        feed: Feed,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._passwords = passwords
        self._links = links
        self._feed = feed
        self._clock = clock

    async def make_link(self, actor: Actor, username: str) -> tuple[str, ResetLink]:
        """The address, which is told once. Raises NotAllowed, UnknownUser or Banned."""
        code = self._links.new_code()
        link = await self._store.add(actor, username, hash_of(code), now=self._clock())
        log.info("reset link made", username=link.username, by=actor.username)
        return self._links.reset_url(code), link

    async def get(self, code: str) -> ResetLink:
        """Raises UnknownLink or LinkSpent."""
        return await self._store.get(hash_of(code), now=self._clock())

    async def use(self, code: str, password: str, place: Place, *, address: str) -> int:
        """How many sessions this ended: all of the person. Raises UnknownLink or LinkSpent."""
        account = await self._account_of(await self.get(code))
        hashed = await self._passwords.hash(password, place)
        ended = await self._store.use(hash_of(code), account, password=hashed, address=address, now=self._clock())
        log.info("password reset", username=account.username, address=address, sessions_ended=len(ended))
        self._feed.sessions_ended(*ended)
        return len(ended)

    async def _account_of(self, link: ResetLink) -> Account:
        account = await self._accounts.find(link.username)
        if account is None or account.is_banned:
            raise LinkSpent
        return account
