"""Presence: who is connected, told to those who have saved them, and only when it really changed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chat_service.domain import events
from chat_service.domain.conversations import Label
from chat_service.domain.envelopes import Envelope, to_person
from chat_service.feed import Feed, Leaving
from chat_service.store.people import PeopleStore
from servicekit.bus import BusUnavailable
from servicekit.logs import get_logger

GRACE_S = 3
log = get_logger(__name__)


class Presence:
    """A person is online while any instance is subscribed to their channel; so a dead instance leaves no ghost."""

    def __init__(self, *, store: PeopleStore, feed: Feed, grace_s: float = GRACE_S) -> None:
        self._store = store
        self._feed = feed
        self._grace_s = grace_s
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._gone_listeners: list[Callable[[str], None]] = []

    def on_gone(self, listener: Callable[[str], None]) -> None:
        """Call `listener(username)` when somebody has no connection anywhere and did not come back within the grace."""
        self._gone_listeners.append(listener)

    async def contacts_online(self, username: str) -> list[str]:
        return sorted(await self.online(await self._store.contacts(username)))

    async def online(self, usernames: list[str]) -> set[str]:
        """Who of them is online, as far as can be known now."""
        try:
            return await self._feed.online(usernames)
        except BusUnavailable:
            return set()

    async def tell_one(self, username: str, watcher: str, *, online: bool) -> None:
        """That the person, who is here, can be seen by `watcher` from now on, or no longer.

        Of who is not here, and to who has not saved them, nothing changes: a word of it would tell of a block.
        """
        if await self.online([username]) and await self._store.has_saved(watcher, username):
            self._feed.tell([_news(username, watcher, online=online)])

    def arriving(self, username: str) -> Awaitable[bool]:
        """Call before the person's first subscription here: it is asked at once whether that is news to others."""
        if (leaving := self._leaving.pop(username, None)) is not None:
            leaving.cancel()
        return self._is_news(self._feed.was_here(username))

    @staticmethod
    async def _is_news(was_here: Awaitable[bool]) -> bool:
        try:
            return not await was_here
        except BusUnavailable:
            return False

    def returned(self, username: str) -> None:
        """Call after it: from here on the subscription says that they are here."""
        self._feed.forget_leaving(username)

    async def arrived(self, username: str) -> None:
        """Call after it, where it was news."""
        await self._tell(username, online=True)

    def left(self, username: str) -> None:
        """The person's last connection here ended; it is news unless they are back within the grace."""
        leaving = self._feed.announce_leaving(username)
        self._leaving[username] = asyncio.create_task(self._leave(username, leaving))

    async def _leave(self, username: str, leaving: Leaving) -> None:
        await asyncio.sleep(self._grace_s)
        del self._leaving[username]
        with suppress(BusUnavailable):
            if await self._feed.has_left(username, leaving):
                await self._tell(username, online=False)
                for listener in self._gone_listeners:
                    listener(username)

    async def _tell(self, username: str, *, online: bool) -> None:
        watchers = await self._store.watchers(username)
        self._feed.tell([_news(username, watcher, online=online) for watcher in watchers])

    async def close(self) -> None:
        """Drop what was to be told; the next instance to be asked will know."""
        for task in self._leaving.values():
            task.cancel()
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)


def _news(username: str, watcher: str, *, online: bool) -> Envelope:
    return to_person(watcher, Label.of_person(username), event=events.presence(username, online=online))
