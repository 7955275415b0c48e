"""The reminder: announces again what may have been missed."""

from auth_service.actions.accounts import Accounts
from auth_service.actions.moderation import Moderation
from auth_service.actions.sessions import Sessions
from auth_service.feed import Feed


class Reminder:
    """Announces again, at each connection to Redis, what may have been missed.

    Redis may have been away, or this process have died between a commit and its announcement.
    """

    def __init__(self, *, accounts: Accounts, sessions: Sessions, moderation: Moderation, feed: Feed) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._moderation = moderation
        self._feed = feed

    async def run(self) -> None:
        while True:
            await self._feed.connected()
            await self.remind()

    async def remind(self) -> None:
        self._feed.remind_of_ended(*await self._sessions.list_revoked())
        self._feed.profile_changed(await self._accounts.latest_version())
        if number := await self._moderation.last_order():
            self._feed.order_given(number)
