"""Several instances that write into one PostgreSQL: gapless, nothing twice, and what is acknowledged is there."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from chat_service.domain.changes import Appended, Kind
from chat_service.domain.intents import Draft, SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.quotas import Quotas
from chat_service.domain.refusals import NotStored, TooManyRooms, TooManySavedChats, UnknownRecipient
from chat_service.domain.search_query import SearchQuery
from chat_service.store.erasures import Erasures, begin_erasure
from chat_service.store.people import PeopleStore, _save_chat
from chat_service.store.postgres_log import PostgresLog
from chat_service.store.rooms import Rooms, _create
from chat_service.store.search import Search
from servicekit.database import Connection
from servicekit.problems import Refusal
from tests.chat_service.drafts import NOW, change, to_person
from tests.chat_service.several_writers import CAST, INSTANCES, Outcome, Writers, any_draft, assert_gapless, beside
from tests.postgres import KILLED, Postgres, running_postgres
from tests.stores import opened_store
from tests.waiting import eventually

DRAFTS = 400  # of each instance


@pytest.fixture
async def writers(postgres: Postgres) -> AsyncIterator[Writers]:
    made = Writers(f"{postgres.new_database()}#chat")
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with running_postgres(**KILLED) as server:
        yield server


@pytest.mark.parametrize("seed", range(3))
async def test_what_meets_in_the_same_conversations_is_gapless_and_nothing_twice(writers: Writers, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(DRAFTS):
        for instance in range(INSTANCES):
            writers.submit(instance, any_draft(chance, number))
        if number % 5 == 0:
            await asyncio.sleep(0)
    await eventually(lambda: len(writers.told) == DRAFTS * INSTANCES)
    assert not [outcome for _, outcome in writers.told if isinstance(outcome, NotStored)]
    assert_gapless(writers.url)
    stored = writers.stored()
    assert len({message.id for message in stored}) == len(stored) > DRAFTS
    firsts = {(one.sender_username, one.nonce): one.id for one in stored if one.nonce is not None}
    assert len(firsts) == len([one for one in stored if one.nonce is not None])
    for draft, outcome in writers.told:
        if isinstance(draft.intent, SendMessage) and draft.intent.nonce and isinstance(outcome, Appended):
            assert isinstance(outcome.entry, StoredMessage)
            assert outcome.entry.id == firsts[draft.author, draft.intent.nonce]


# Of two at the same moment: the first is not committed yet, and the second must not go by what it sees


async def test_a_nonce_in_two_conversations_makes_one_message(writers: Writers) -> None:
    """Neither waits for the other's conversation; the index alone tells."""
    first: list[Appended | Refusal] = []
    hers = to_person("Ada", "Grace", nonce="n")
    group = [to_person("Ada", "Linus"), to_person("Ada", "Linus", nonce="n"), to_person("Ada", "Linus")]
    database = writers.databases[1]
    async with beside(
        writers,
        lambda store: first.extend(PostgresLog().append_group(store, [hers])),
        database.write_many(PostgresLog().append_group, group),
    ) as outcomes:
        pass
    ((message,), (before, again, after)) = first, outcomes
    assert isinstance(message, Appended)
    assert again == Appended(message.entry, is_new=False)
    assert [isinstance(one, Appended) and one.entry and one.entry.seq for one in (before, after)] == [1, 2]
    assert_gapless(writers.url)


async def test_a_conversation_that_another_instance_is_beginning_is_gone_on_with(writers: Writers) -> None:
    draft = to_person("Ada", "Grace")
    async with beside(
        writers,
        lambda store: PostgresLog().append_group(store, [draft]),
        writers.databases[1].write_many(PostgresLog().append_group, [draft]),
    ) as (outcome,):
        assert isinstance(outcome, Appended)
        assert outcome.entry is not None
        assert outcome.entry.seq == 2


QUOTAS = Quotas(rooms_owned_max=2, rooms_joined_max=1, saved_chats_max=1)  # Ada owns one room
LOG = PostgresLog(quotas=QUOTAS)


def joined(room: str) -> Draft:
    return change(Kind.JOINED, "Ada", conversation=f"#{room}", value="Grace")


async def test_of_a_last_room_of_ones_own_one_gets_it(writers: Writers) -> None:
    second = Rooms(writers.databases[1], quotas=QUOTAS).create(
        name="hut", topic="", private=False, owner="Ada", now=NOW
    )

    def shed(store: Connection) -> None:
        _create(store, "shed", "", "Ada", NOW, QUOTAS, private=False, section=None, position=0)

    with pytest.raises(TooManyRooms):
        async with beside(writers, shed, second):
            pass


async def test_of_a_last_room_to_be_in_one_gets_it(writers: Writers) -> None:
    await Rooms(writers.databases[0]).create(name="shed", topic="", private=False, owner="Ada", now=NOW)
    second = writers.databases[1].write_many(PostgresLog(quotas=QUOTAS).append_group, [joined("shed")])
    async with beside(writers, lambda store: LOG.append_group(store, [joined("garden")]), second) as (outcome,):
        assert isinstance(outcome, TooManyRooms)


async def test_of_a_last_saved_chat_one_gets_it(writers: Writers) -> None:
    people = PeopleStore(writers.databases[1], quotas=QUOTAS)
    second = people.save_chat("Ada", "Linus", nickname=None, pfp=None, now=NOW)
    with pytest.raises(TooManySavedChats):
        async with beside(writers, lambda store: _save_chat(store, "Ada", "Grace", None, None, NOW, QUOTAS), second):
            pass


async def test_who_erases_their_account_is_given_no_conversation_at_that_moment(writers: Writers) -> None:
    async with beside(
        writers,
        lambda store: begin_erasure(store, "Grace"),
        writers.databases[1].write_many(PostgresLog().append_group, [to_person("Ada", "Grace")]),
    ) as (outcome,):
        assert isinstance(outcome, UnknownRecipient)


async def test_who_is_leaving_for_good_waits_for_what_is_being_said_to_them(writers: Writers) -> None:
    """And finds it, to take it away."""
    await writers.databases[0].write_many(PostgresLog().append_group, [to_person("Ada", "Grace")])
    erasures = Erasures(writers.databases[1])

    async def leave() -> int:
        await erasures.leave_direct("Grace")
        return await erasures.last_message_id()

    async with beside(
        writers, lambda store: PostgresLog().append_group(store, [to_person("Grace", "Ada")]), leave()
    ) as last:
        assert last == 2


async def test_a_text_that_changes_while_it_is_indexed_is_indexed_again(writers: Writers) -> None:
    group = [to_person("Ada", "Grace", "a rose")]
    await writers.databases[0].write_many(PostgresLog().append_group, group)
    search = Search(writers.databases[1])
    edit = change(Kind.EDITED, "Ada", 1, value="a tulip")
    with opened_store(writers.url) as store:
        store.execute("BEGIN")
        PostgresLog().append_group(store, [edit])
        assert not await search.index_some()  # it is passed over
        store.execute("COMMIT")
    assert [
        one.message for one, _ in await search.find("Grace", SearchQuery(words=("tulip",)), before=None, limit=9)
    ] == ["a tulip"]
    await search.index_some()
    assert [
        one.message for one, _ in await search.find("Grace", SearchQuery(words=("tulip",)), before=None, limit=9)
    ] == ["a tulip"]
    assert await search.find("Grace", SearchQuery(words=("rose",)), before=None, limit=9) == []


# The server dies


async def test_what_was_acknowledged_outlives_the_server_and_what_was_not_may_be_sent_again(
    own_postgres: Postgres,
) -> None:
    writers = Writers(f"{own_postgres.new_database()}#chat")
    await writers.start()
    drafts = [to_person("Ada", CAST[1 + number % 3], str(number), nonce=str(number)) for number in range(3_000)]
    for number, draft in enumerate(drafts):
        writers.submit(number % INSTANCES, draft)
    await eventually(lambda: len(writers.told) > 200)
    own_postgres.kill()
    await eventually(lambda: len(writers.told) == len(drafts))
    acknowledged = {message.id: message.message for message in writers.stored()}
    assert 0 < len(acknowledged) < len(drafts)
    own_postgres.start()
    await asyncio.gather(*(database.read(nothing) for database in writers.databases))
    writers.told.clear()
    for number, draft in enumerate(drafts):  # by another instance than before
        writers.submit((number + 1) % INSTANCES, draft)
    await eventually(lambda: len(writers.told) == len(drafts))
    assert refusals(writers.told) == []
    with opened_store(writers.url) as store:
        there = dict(store.execute("SELECT id, message FROM messages"))
    assert acknowledged.items() <= there.items()
    assert sorted(there.values()) == sorted(map(str, range(3_000)))
    assert_gapless(writers.url)
    await writers.close()


def nothing(connection: Connection) -> None:
    connection.execute("SELECT 1")


def refusals(told: Sequence[Outcome]) -> list[Refusal]:
    return [outcome for _, outcome in told if isinstance(outcome, Refusal)]
