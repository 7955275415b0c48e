"""People: who exists, known from a copy of the auth service's profiles that is kept current."""

import asyncio
from collections import OrderedDict
from contextlib import suppress

from chat_service.domain.people import Person
from chat_service.domain.refusals import DirectoryUnavailable, UnknownRecipient
from chat_service.profiles import PAGE_MAX, Profiles
from chat_service.store.people import PeopleStore
from servicekit.database import DatabaseError
from servicekit.logs import get_logger

log = get_logger(__name__)


class People:
    """The copy is pulled by version: at the start, when Redis tells of news, and when somebody is not in it."""

    def __init__(
        self, *, store: PeopleStore, profiles: Profiles, remembered_max: int = 20_000, pull_interval_s: float = 30.0
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._remembered: OrderedDict[str, Person] = OrderedDict()
        self._remembered_max = remembered_max
        self._pull_interval_s = pull_interval_s
        self._pulling: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def remembered(self, username: str) -> Person | None:
        """The person of that name in any case, if no I/O is needed to tell."""
        return self._remembered.get(username.casefold())

    async def get(self, username: str) -> Person:
        """Raises UnknownRecipient, or DirectoryUnavailable when that cannot be said for sure."""
        person = self.remembered(username) or await self._store.find_person(username)
        if person is None:
            try:
                await self._pull_once()
            except ConnectionError:
                raise DirectoryUnavailable from None
            person = await self._store.find_person(username)
        if person is None:
            raise UnknownRecipient(username)
        self._remember(person)
        return person

    def tell_of_news(self) -> None:
        """There are profiles to pull."""
        self._news.set()

    async def run(self) -> None:
        """Keep the copy current until cancelled."""
        try:
            while True:
                self._news.clear()
                await self._try_to_pull()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pull_interval_s):  # not wait_for: it may swallow a cancellation
                        await self._news.wait()
        finally:
            if self._pulling is not None:
                self._pulling.cancel()
                await asyncio.wait([self._pulling])

    async def _try_to_pull(self) -> None:
        try:
            await self._pull_once()
        except ConnectionError:
            log.warning("profiles cannot be pulled")
        except DatabaseError:
            log.exception("profiles cannot be stored")

    async def _pull_once(self) -> None:
        """Pull what is new; whoever asks meanwhile waits for a pull that began after they asked."""
        if self._pulling is not None and not self._pulling.done():
            with suppress(ConnectionError):
                await asyncio.shield(self._pulling)
        if self._pulling is None or self._pulling.done():
            self._pulling = asyncio.create_task(self._pull())
        await asyncio.shield(self._pulling)

    async def _pull(self) -> None:
        while True:
            people = await self._profiles.list_after(await self._store.people_version())
            if people:
                await self._store.put_people(people)
            for person in people:
                self._remembered.pop(person.username.casefold(), None)
            if len(people) < PAGE_MAX:
                return

    def _remember(self, person: Person) -> None:
        self._remembered[person.username.casefold()] = person
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
