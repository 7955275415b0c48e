"""Instances that write into one PostgreSQL, and what they say at random."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import Any, TypeVar

from chat_service.app import MIGRATIONS
from chat_service.domain.changes import Appended, Kind
from chat_service.domain.conversations import Conversation
from chat_service.domain.intents import Draft
from chat_service.domain.messages import StoredMessage
from chat_service.domain.people import Person
from chat_service.domain.refusals import NotStored
from chat_service.group_writer import GroupWriter
from chat_service.store.engines import log_of
from chat_service.store.people import PeopleStore
from chat_service.store.rooms import Rooms
from servicekit.database import Database
from servicekit.engines import open_database
from servicekit.problems import Refusal
from tests.chat_service.drafts import NOW, change, to_person, to_room
from tests.stores import opened_store
from tests.waiting import eventually

CAST = ("Ada", "Grace", "Linus", "Margaret")
INSTANCES = 3

T = TypeVar("T")
Outcome = tuple[Draft, Appended | Refusal]


class Writers:
    """Instances, each with a group writer at work, and what they told."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[Outcome] = []
        self.databases: list[Database] = []
        self._writers: list[GroupWriter[Draft, Draft, Appended]] = []
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        for _ in range(INSTANCES):
            database = await self._stack.enter_async_context(open_database(self.url, MIGRATIONS))
            writer: GroupWriter[Draft, Draft, Appended] = GroupWriter(
                database=database, log=log_of(database), failure=NotStored(), group_max=16
            )
            task = asyncio.create_task(writer.run(self.told.extend))
            self._stack.push_async_callback(_cancelled, task)
            self.databases.append(database)
            self._writers.append(writer)
        people = [Person(name, name, None, version) for version, name in enumerate(CAST, 1)]
        await PeopleStore(self.databases[0]).put_people(people)
        await Rooms(self.databases[0]).create(name="garden", topic="", private=False, owner="Ada", now=NOW)

    def submit(self, instance: int, draft: Draft) -> None:
        self._writers[instance].submit(draft, draft)

    def stored(self) -> list[StoredMessage]:
        entries = [outcome.entry for _, outcome in self.told if isinstance(outcome, Appended) and outcome.is_new]
        return [entry for entry in entries if isinstance(entry, StoredMessage)]

    async def close(self) -> None:
        await self._stack.aclose()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


@asynccontextmanager
async def beside(writers: Writers, first: Callable[[Any], object], second: Coroutine[Any, Any, T]) -> AsyncIterator[T]:
    """What `second` returns that began when `first` had been done and was not committed."""
    with opened_store(writers.url) as store, opened_store(writers.url) as looking:
        store.execute("BEGIN")
        first(store)
        task = asyncio.create_task(second)
        await eventually(lambda: task.done() or is_waiting(looking))
        store.execute("COMMIT")
        yield await task


def is_waiting(store: Any) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return store.execute(query).fetchone() is not None


def assert_gapless(url: str) -> None:
    """Over messages and changes; and ids rise with `seq`."""
    with opened_store(url) as store:
        places: dict[int, list[int]] = {}
        for conversation_id, seq in store.execute(
            "SELECT conversation_id, seq FROM messages UNION ALL SELECT conversation_id, seq FROM changes ORDER BY 1, 2"
        ):
            places.setdefault(conversation_id, []).append(seq)
        ids = [tuple(row) for row in store.execute("SELECT conversation_id, id FROM messages ORDER BY 1, seq")]
    assert all(found == list(range(1, len(found) + 1)) for found in places.values())
    assert all(one < other for one, other in pairwise(ids))


def any_draft(chance: random.Random, number: int) -> Draft:
    """Of few people, rooms and nonces, so that they meet."""
    author, other = chance.sample(CAST, 2)
    nonce = chance.choice([None, f"n{chance.randrange(number + 10)}"])
    match chance.randrange(8):
        case 0:
            return change(chance.choice([Kind.JOINED, Kind.LEFT]), author, conversation="#garden", value=other)
        case 1:
            kind = chance.choice([Kind.EDITED, Kind.DELETED, Kind.REACTION])
            return change(kind, author, chance.randrange(1, number + 2), value=chance.choice("👍🎉"))
        case 2:
            conversation = Conversation.direct(author, other)
            return change(Kind.READ, author, conversation=conversation.name, mark=chance.randrange(number + 1))
        case 3 | 4:
            return to_room(author, "garden", str(number), nonce=nonce)
        case _:
            return to_person(author, other, str(number), nonce=nonce)
