"""People: who exists, known from a copy of the auth service's profiles that is kept current."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from chat_service.domain.people import Person
from chat_service.domain.refusals import DirectoryUnavailable, UnknownRecipient
from chat_service.peers import Peers
from chat_service.store.people import PeopleStore
from servicekit.list_replica import KnownStores, ListReplica
from servicekit.texts import folded_username


class People:
    """The copy is pulled by version: at the start, when Redis tells of news, and when somebody is not in it."""

    def __init__(
        self,
        *,
        store: PeopleStore,
        peers: Peers,
        known_stores: KnownStores,
        remembered_max: int = 20_000,
        pull_interval_s: float = 10.0,
    ) -> None:
        self._store = store
        self._remembered: OrderedDict[str, Person] = OrderedDict()
        self._remembered_max = remembered_max
        self._seen_version: int | None = None
        self._pulls = 0
        self._erased_listeners: list[Callable[[], None]] = []
        self._banned_listeners: list[Callable[[str], None]] = []
        self._invited_listeners: list[Callable[[], None]] = []
        self._changed_listeners: list[Callable[[Sequence[Person]], None]] = []
        self.following = ListReplica(
            name="profiles",
            known_stores=known_stores,
            list_after=peers.profiles_after,
            position=self._position,
            restart=self._restart,
            take=self._take,
            interval_s=pull_interval_s,
        )

    def on_erased(self, listener: Callable[[], None]) -> None:
        """Call `listener` when somebody has erased their account, and the store knows it."""
        self._erased_listeners.append(listener)

    def on_banned(self, listener: Callable[[str], None]) -> None:
        """Call `listener(username)` when somebody is banned, and the store knows it."""
        self._banned_listeners.append(listener)

    def on_invited(self, listener: Callable[[], None]) -> None:
        """Call `listener` when somebody has come who was invited to a room, and the store knows it."""
        self._invited_listeners.append(listener)

    def on_changed(self, listener: Callable[[Sequence[Person]], None]) -> None:
        """Call `listener(people)` when some are not what they were, and the store knows it; one instance is told."""
        self._changed_listeners.append(listener)

    def remembered(self, username: str) -> Person | None:
        """The person of that name in any case, perhaps an erased one, if no I/O is needed to tell."""
        return self._remembered.get(folded_username(username))

    async def get(self, username: str) -> Person:
        """Raises UnknownRecipient, or DirectoryUnavailable when that cannot be said for sure."""
        person = await self.get_known(username)
        if person.erased:
            raise UnknownRecipient(username)
        return person

    async def get_known(self, username: str) -> Person:
        """The same, but also who has erased their account: others keep their conversations with them."""
        pulls = self._pulls
        person = self.remembered(username) or await self._store.find_person(username)
        if person is None:
            try:
                await self.following.pull()
            except ConnectionError:
                raise DirectoryUnavailable from None
            pulls = self._pulls
            person = await self._store.find_person(username)
        if person is None:
            raise UnknownRecipient(username)
        if pulls == self._pulls:  # else it may have been read before the pull, and forgotten by it
            self._remember(person)
        return person

    async def _position(self) -> int:
        """Another instance may have stored what this one has not seen, and remembers as it was."""
        stored = await self._store.people_version()
        if self._seen_version is None:
            self._seen_version = stored
        return min(stored, self._seen_version)

    async def _restart(self) -> None:
        await self._store.forget_versions()
        self._seen_version = 0
        self._remembered.clear()

    async def _take(self, people: Sequence[Person]) -> None:
        changed = await self._store.put_people(people)
        self._seen_version = people[-1].version
        self._pulls += 1
        for person in people:
            self._remembered.pop(folded_username(person.username), None)
        self._tell(people)
        if changed:
            for listener in self._changed_listeners:
                listener(changed)

    def _tell(self, people: Sequence[Person]) -> None:
        if any(person.erased for person in people):
            for listener in self._erased_listeners:
                listener()
        if any(person.invited_to is not None for person in people):
            for listener in self._invited_listeners:
                listener()
        for person in people:
            if person.banned:
                for tell_banned in self._banned_listeners:
                    tell_banned(person.username)

    def _remember(self, person: Person) -> None:
        self._remembered[folded_username(person.username)] = person
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
