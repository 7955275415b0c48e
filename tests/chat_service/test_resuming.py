"""Resuming, from the side of a connection that goes in the middle of it."""

from chat_service.actions.resuming import Resuming
from chat_service.domain.commands import Resume
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader
from chat_service.store.conversations import Conversations
from chat_service.store.engines import log_of
from servicekit.database import Connection, Database

PEERS = [f"peer-{number}" for number in range(5)]


class Leaving:
    """A connection that ends when it has been told so many events."""

    def __init__(self, starts: dict[Label, Place], events_max: int) -> None:
        self.starts = starts
        self.told = 0
        self._events_max = events_max

    @property
    def is_open(self) -> bool:
        return self.told < self._events_max

    def send_event(self, label: Label | None, event: EncodedEvent) -> None: ...

    def replay_event(self, label: Label | None, event: EncodedEvent) -> None:
        self.told += 1

    async def drained(self) -> None: ...


async def test_who_is_gone_costs_no_further_page(database: Database) -> None:

    def talk(connection: Connection) -> None:
        log = log_of(database)
        log.begin(connection)
        for peer in PEERS:
            message = SendMessage(conversation=Conversation.direct("Ada", peer), text="hello")
            log.append(connection, Draft(message, peer, "2027-01-15T08:00:00.000Z"))

    await database.write(talk)
    store = Conversations(database)
    starts = await store.places("Ada")
    resuming = Resuming(store=store, nudge=lambda _: None, events_max=100)
    for events_max, told in ((2, 2), (100, len(PEERS) + 1)):  # and `resumed`
        leaving = Leaving(starts, events_max)
        await resuming.resume(Reader("Ada"), leaving, Resume(type="resume", positions={}), is_late=False)
        assert leaving.told == told
