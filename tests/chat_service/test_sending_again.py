"""Messages that are sent again, and devices that were away: what was acknowledged is there, once."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chat_service.world import NOBODY_KNOWS, Instance, World
from tests.waiting import eventually

# Sent again


async def test_a_message_sent_again_is_stored_and_delivered_once(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say("Grace", "hello", nonce="n1")
    first = await ada.hear("sent")
    await ada.say("Grace", "something else", nonce="n1")
    assert await ada.hear("sent") == {**first, "delivered": None}
    assert await grace.hear_texts(1) == ["hello"]
    await grace.heard_nothing()
    assert await chat.history("Ada", "Grace") == ["hello"]


async def test_a_nonce_from_two_devices_at_once_makes_one_message_of_which_each_hears_once(
    world: World, chat: Instance
) -> None:
    phone, desk = await chat.live_device("Ada"), await chat.live_device("Ada")
    grace = await chat.live_device("Grace")
    await chat.history("Ada", "Grace")  # so that she is known: to learn of her takes the store
    with world.locked_store() as is_waited_for:
        await phone.say("Grace", "hello")  # a group of its own, during which the next one gathers
        await phone.heard_nothing()
        await eventually(is_waited_for)
        for number in range(1, 20):
            for device in (phone, desk):
                await device.say("Grace", "hello", nonce=f"n{number}")
                await device.heard_nothing()
    heard = [[await device.hear("sent") for _ in range(20)] for device in (phone, desk)]
    await phone.heard_nothing()
    await desk.heard_nothing()
    assert heard[0] == heard[1]
    assert [event["seq"] for event in heard[0]] == list(range(1, 21))
    assert await grace.hear_texts(20) == ["hello"] * 20
    await grace.heard_nothing()


async def test_a_nonce_from_two_devices_in_a_race_makes_one_message(chat: Instance) -> None:
    phone, desk = await chat.live_device("Ada"), await chat.live_device("Ada")
    grace = await chat.live_device("Grace")
    for number in range(50):
        await asyncio.gather(*(device.say("Grace", "hello", nonce=f"n{number}") for device in (phone, desk)))
    assert await grace.hear_texts(50) == ["hello"] * 50
    await grace.heard_nothing()
    for device in (phone, desk):  # who came second may be answered once more
        seqs: list[int] = []
        while len(set(seqs)) < 50:
            seqs.append((await device.hear("sent"))["seq"])
        assert sorted(set(seqs)) == list(dict.fromkeys(seqs)) == list(range(1, 51))


async def test_a_message_sent_again_on_a_new_connection_is_answered_as_the_first_time(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello", nonce="n1")
    first = await ada.hear("sent")
    await ada.connection.close()
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello", nonce="n1")
    assert await ada.hear("sent") == {**first, "delivered": None}
    await ada.heard_nothing()


# Resume


async def test_who_was_away_gets_exactly_what_was_missed_in_order(chat: Instance) -> None:
    ada, grace, linus = [await chat.live_device(name) for name in ("Ada", "Grace", "Linus")]
    await ada.say("Grace", "g1")
    await grace.hear("message")
    await grace.connection.close()
    await ada.hear("sent")
    other = await chat.live_device("Grace")  # her other device writes while the first is away
    await ada.say("Grace", "g2")
    await other.hear("message")
    await other.say("Ada", "a3")
    await other.hear("sent")
    await linus.say("Grace", "l1")
    await other.hear("message")
    grace = await chat.device("Grace")
    await grace.send(type="resume", positions={"@Ada": 1, "@Stranger": 7, "@": 2**70})
    heard = [await grace.hear_anything() for _ in range(3)]
    assert [(e["type"], e["conversation"], e["seq"], e["message"]) for e in heard] == [
        ("message", "@Ada", 2, "g2"),
        ("sent", "@Ada", 3, "a3"),
        ("message", "@Linus", 1, "l1"),
    ]
    assert await grace.hear("resumed") == {
        "type": "resumed",
        "positions": {"@Ada": 3, "@Linus": 1},
        "epochs": grace.ready["epochs"],
        "truncated": [],
    }
    await grace.heard_nothing()


async def test_who_missed_nothing_is_told_nothing(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello")
    await ada.hear("sent")
    grace = await chat.device("Grace")
    await grace.send(type="resume", positions={"@Ada": 1})
    assert (await grace.hear("resumed"))["positions"] == {"@Ada": 1}
    await grace.send(type="resume", positions={"@Ada": 1})
    assert (await grace.hear("resumed"))["truncated"] == []


@pytest.mark.parametrize("missed", [5, 6])
async def test_past_the_limit_a_conversation_is_truncated_to_its_newest(world: World, missed: int) -> None:
    chat = await world.instance(resume_events_max=5)
    ada = await chat.live_device("Ada")
    for number in range(missed):
        await ada.say("Grace", str(number))
        await ada.hear("sent")
        await ada.refused()
    await ada.say("Linus", "hello")
    grace = await chat.device("Grace")
    await grace.send(type="resume", positions=NOBODY_KNOWS)
    assert await grace.hear_texts(5) == [str(number) for number in range(missed)][-5:]
    assert (await grace.hear("resumed"))["truncated"] == (["@Ada"] if missed > 5 else [])


async def test_what_is_new_during_a_resume_comes_after_it(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    for number in range(300):
        await ada.say("Grace", str(number))
    for _ in range(2 * 300):  # each is sent, and its reader offline
        await ada.hear_anything()
    grace = await chat.device("Grace")
    for number in range(300, 350):
        await ada.say("Grace", str(number))
    for _ in range(50):
        await ada.hear("sent")
    await grace.send(type="resume", positions={"@Ada": 100})
    for number in range(350, 400):
        await ada.say("Grace", str(number))
    assert await grace.hear_texts(200) == [str(number) for number in range(100, 300)]
    assert (await grace.hear("resumed"))["positions"] == {"@Ada": 300}
    assert await grace.hear_texts(100) == [str(number) for number in range(300, 400)]
    await grace.heard_nothing()


async def test_what_is_new_waits_a_moment_for_a_resume_and_comes_by_itself(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    grace = await chat.device("Grace")
    await ada.say("Grace", "hello")
    assert (await ada.hear("sent"))["delivered"] is True
    assert await grace.hear_texts(1) == ["hello"]


async def test_a_device_that_left_during_its_resume_harms_nobody(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello")
    await ada.hear("sent")
    await ada.refused()
    grace = await chat.device("Grace")
    await grace.send(type="resume", positions=NOBODY_KNOWS)
    grace.connection.transport.abort()
    with pytest.raises(ConnectionClosed):
        await grace.connection.recv()
    await ada.heard_nothing()
    assert (await chat.device("Grace")).ready["positions"] == {"@Ada": 1}
