"""The moments between: what happens while a reader is loaded is in the store or on the channel, or both."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Label
from chat_service.domain.places import Place
from chat_service.store.conversations import Conversations
from servicekit.database import Database
from tests.chat_service.reader_sites import ADA, GARDEN, Recorder, Site, join
from tests.valkey import Valkey
from tests.waiting import eventually


@pytest.fixture
async def site(database: Database, valkey: Valkey) -> AsyncIterator[Site]:
    made = Site(database, valkey.url)
    await made.has_compared.wait()
    yield made
    await made.close()


async def test_what_is_published_while_the_store_is_read_is_passed_on(site: Site) -> None:
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.readers.enter("Grace"))
    await site.store.has_read.wait()
    await site.publish(await site.store_message())  # comes over the channel before the answer of the store
    gate.set()
    reader = await entering
    started_at, recorder = await join(reader)
    await eventually(lambda: started_at + len(recorder.events) == 1)
    await site.publish(await site.store_message())
    await eventually(lambda: started_at + len(recorder.events) == 2)
    assert not reader.behind


async def test_what_was_stored_while_redis_came_back_is_passed_on(site: Site, valkey: Valkey) -> None:
    valkey.kill()
    await eventually(lambda: not site.bus.is_connected)
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.readers.enter("Grace"))
    await site.store.has_read.wait()
    await site.store_message()  # by another instance, which published it before the subscription here was in force
    valkey.start()
    await eventually(lambda: site.bus.is_connected)
    await site.bus.ping()
    await site.store.places("Grace")  # whoever compares with the store without waiting has now done so
    gate.set()
    reader = await entering
    started_at, recorder = await join(reader)
    await eventually(lambda: started_at + len(recorder.events) == 1)
    assert reader.positions == {ADA: 1}


async def test_a_gap_is_filled_page_by_page_and_what_comes_meanwhile_follows(site: Site) -> None:
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    *_, seventh = [await site.store_message() for _ in range(7)]
    for _ in range(2):
        await site.publish(seventh)  # alone, and again
    await eventually(lambda: len(recorder.events) == 7)
    await site.publish(await site.store_message())
    await eventually(lambda: len(recorder.events) == 8)
    assert [b'"seq":%d,' % (at + 1) in event for at, event in enumerate(recorder.events)] == [True] * 8


async def test_who_left_while_catching_up_is_sent_nothing_and_read_no_further(site: Site) -> None:
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    for _ in range(3):
        await site.store_message()
    site.store.gate = gate = asyncio.Event()
    await site.nudge_grace(ADA, 3)
    await site.store.has_read.wait()
    site.readers.leave(reader, recorder)
    gate.set()
    await eventually(lambda: reader.positions == {ADA: 2})
    await site.store.places("Grace")  # time enough to read on
    assert reader.positions == {ADA: 2}
    assert recorder.events == []


async def test_news_of_what_the_store_does_not_have_harms_nobody(site: Site) -> None:
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    await site.nudge_grace(ADA, 9)
    await eventually(lambda: not reader.behind)
    await site.publish(await site.store_message())
    await eventually(lambda: len(recorder.events) == 1)


async def test_a_store_that_fails_lets_nobody_enter_and_the_next_try_may(site: Site) -> None:
    read, site.database.read = site.database.read, None  # type: ignore[assignment,method-assign]
    with pytest.raises(TypeError):
        await site.readers.enter("Grace")
    site.database.read = read  # type: ignore[method-assign]
    assert (await site.readers.enter("Grace")).is_loaded


async def test_what_still_runs_ends_with_the_service(site: Site) -> None:
    site.store.gate = asyncio.Event()
    entering = asyncio.create_task(site.readers.enter("Grace"))
    await site.store.has_read.wait()
    await site.readers.close()
    with pytest.raises(asyncio.CancelledError):
        await entering


# Rooms


def kinds(recorder: Recorder) -> list[tuple[str, int]]:
    """The type and the `seq` of each event that came."""
    told = [json.loads(event) for event in recorder.events]
    return [(event["type"], event.get("seq", 0)) for event in told]


async def test_who_is_removed_while_a_gap_is_read_hears_that_and_nothing_more(site: Site) -> None:
    await site.make_garden("Grace")
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    await site.say_in_garden()
    fourth = await site.say_in_garden()
    site.store.gate = gate = asyncio.Event()
    await site.publish(fourth)  # a gap: the third is to be read
    await site.store.has_read.wait()
    await site.publish(await site.change(Kind.LEFT, "Grace"), await site.say_in_garden())
    gate.set()
    await eventually(lambda: GARDEN not in reader.positions)
    await site.publish(await site.store_message())  # whatever was read has been passed on before this
    await eventually(lambda: kinds(recorder)[-1:] == [("message", 1)])
    assert kinds(recorder) == [("left", 5), ("message", 1)]
    assert reader.positions == {ADA: 1}


async def test_news_of_a_room_that_they_left_long_ago_lets_nobody_in(site: Site) -> None:
    await site.make_garden("Grace")
    await site.change(Kind.LEFT, "Grace")
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    await site.nudge_grace(GARDEN, 2)
    await site.store.places("Grace")
    await site.ada_types_in_garden()
    await site.publish(await site.say_in_garden(), await site.store_message())
    await eventually(lambda: recorder.events != [])
    assert kinds(recorder) == [("message", 1)]


async def test_who_joins_hears_everything_since_although_more_was_said_meanwhile(site: Site) -> None:
    await site.make_garden()
    for _ in range(3):
        await site.say_in_garden()
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    joined = await site.change(Kind.JOINED, "Grace")
    said = [await site.say_in_garden() for _ in range(3)]
    site.store.gate = gate = asyncio.Event()
    await site.publish(joined)
    await site.store.has_read.wait()
    await site.publish(*said[:2])
    gate.set()
    await eventually(lambda: len(recorder.events) == 4)
    await site.publish(said[2], await site.say_in_garden())
    await eventually(lambda: len(recorder.events) == 5)
    assert kinds(recorder) == [("joined", 5), *(("message", seq) for seq in range(6, 10))]


async def test_who_left_while_their_rooms_were_entered_is_followed_no_further(site: Site) -> None:
    await site.make_garden("Grace")
    site.store.gate = gate = asyncio.Event()
    entering = asyncio.create_task(site.readers.enter("Grace"))
    await site.store.has_read.wait()
    await site.publish(await site.change(Kind.LEFT, "Grace"))
    gate.set()
    reader = await entering
    _, recorder = await join(reader)
    await site.ada_types_in_garden()
    await site.publish(await site.store_message())
    await eventually(lambda: recorder.events != [])
    assert kinds(recorder) == [("message", 1)]
    assert reader.positions == {ADA: 1}


async def test_a_reader_who_is_gone_when_the_store_answers_follows_no_room(site: Site) -> None:
    await site.make_garden()
    reader = await site.readers.enter("Grace")
    _, recorder = await join(reader)
    joined = await site.change(Kind.JOINED, "Grace")
    site.store.gate = gate = asyncio.Event()
    await site.publish(joined)
    await site.store.has_read.wait()
    site.readers.leave(reader, recorder)
    gate.set()
    await site.bus.ping()
    await site.store.places("Grace")
    (subscribers,) = await site.bus.execute(("PUBSUB", "NUMSUB", site.bus.channel("room:#garden")))
    assert subscribers[1] == 0
    assert recorder.events == []


async def test_a_store_that_fails_while_rooms_are_entered_leaves_no_trace(site: Site) -> None:
    await site.make_garden("Grace")
    read = Conversations.places
    answers = 0

    async def fail_the_second_time(username: str) -> dict[Label, Place]:
        nonlocal answers
        answers += 1
        if answers == 2:
            raise OSError("the disk is gone")
        return await read(site.store, username)

    site.store.places = fail_the_second_time  # type: ignore[method-assign]
    with pytest.raises(OSError):
        await site.readers.enter("Grace")
    (subscribers,) = await site.bus.execute(("PUBSUB", "NUMSUB", site.bus.channel("room:#garden")))
    assert subscribers[1] == 0
    assert (await site.readers.enter("Grace")).positions == {GARDEN: 2}
