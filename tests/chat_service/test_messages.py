"""Messages over sockets: what was acknowledged is stored, and comes to every device once and in order."""

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chat_service.world import Instance, World
from tests.clock import NOW_S

NOBODY_KNOWS: dict[str, int] = {}


async def test_a_connection_starts_with_ready(chat: Instance) -> None:
    ada = await chat.device("Ada", session="s1")
    assert ada.ready == {
        "type": "ready",
        "username": "Ada",
        "session": "s1",
        "online": [],
        "positions": {},
        "epochs": {},
    }


async def test_a_message_comes_to_its_reader_and_sent_to_its_sender(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say("Grace", "Hello there!", nonce="n1")
    event = {
        "id": 1,
        "seq": 1,
        "sender_username": "Ada",
        "receiver_username": "Grace",
        "message": "Hello there!",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "attachments": [],
        "reply_to": None,
        "html": None,
        "mentions": [],
        "mentions_room": False,
    }
    assert await grace.hear("message") == {"type": "message", "conversation": "@Ada", "nonce": None, **event}
    sent = await ada.hear("sent")
    assert sent == {"type": "sent", "conversation": "@Grace", "nonce": "n1", "delivered": True, **event}
    assert await chat.history("Ada", "Grace") == ["Hello there!"]


async def test_a_reader_who_is_away_is_told_of_after_sent(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "Are you there?", nonce="n1")
    assert (await ada.hear("sent"))["delivered"] is False
    error = await ada.hear("error")
    assert (error["code"], error["nonce"]) == ("recipient_offline", "n1")
    assert "Grace" in error["detail"]
    grace = await chat.device("Grace")
    assert grace.ready["positions"] == {"@Ada": 1}
    await grace.send(type="resume", positions=NOBODY_KNOWS)
    assert await grace.hear_texts(1) == ["Are you there?"]


async def test_the_recipient_is_named_in_any_case(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("gRACE", "hello")
    assert (await ada.hear("sent"))["conversation"] == "@Grace"


async def test_a_message_to_nobody_is_refused_and_nothing_is_stored(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Nobody", "hello", nonce="n1")
    error = await ada.hear("error")
    assert (error["code"], error["nonce"]) == ("unknown_recipient", "n1")
    await ada.heard_nothing()
    assert await chat.get("Ada", "/api/saved-chats") == []


async def test_somebody_who_has_just_registered_can_be_written_to(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    chat.auth.register("Margaret")
    await ada.say("Margaret", "welcome")
    assert (await ada.hear("sent"))["receiver_username"] == "Margaret"


@pytest.mark.parametrize(
    "text, code",
    [("", "message_empty"), (" \n", "message_empty"), ("x" * 4001, "message_too_long"), ("\0", "invalid_message")],
)
async def test_a_text_that_breaks_a_rule_is_refused_and_the_next_one_is_sent(
    chat: Instance, text: str, code: str
) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", text, nonce="n1")
    error = await ada.hear("error")
    assert (error["code"], error["nonce"]) == (code, "n1")
    await ada.say("Grace", "👋" * 4000)
    assert (await ada.hear("sent"))["seq"] == 1


async def test_a_message_to_oneself_is_refused(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("ada", "note to self")
    assert await ada.refused() == "recipient_is_self"
    assert await chat.get("Ada", "/api/saved-chats") == []


async def test_attachments_and_replies_must_exist(world: World, chat: Instance) -> None:
    await world.media(chat)
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "look", attachments=["no such file"])
    assert await ada.refused() == "unknown_attachment"
    await ada.say("Grace", "what?", reply_to=41)
    assert await ada.refused() == "unknown_message"
    await ada.say("Grace", "one")
    first = await ada.hear("sent")
    assert await ada.refused() == "recipient_offline"
    await ada.say("Grace", "two", reply_to=first["id"])
    assert (await ada.hear("sent"))["reply_to"] == first["id"]


async def test_what_is_no_command_is_refused_and_the_connection_stays(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    for frame in ("Hello there!", "[]", '{"type": "dance"}', '{"to": "Grace"}', b"\xff\xfe"):
        await ada.connection.send(frame)
        assert await ada.refused() == "invalid_command"
    await ada.heard_nothing()


async def test_a_number_that_no_database_holds_harms_nobody(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello", reply_to=2**63)
    assert await ada.refused() == "invalid_command"
    await ada.say("Grace", "hello")
    assert (await ada.hear("sent"))["seq"] == 1


async def test_text_that_is_not_utf8_closes_with_1007(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.connection.send(b'{"to": "Grace", "message": "\xff"}', text=True)
    assert await ada.closed() == 1007


async def test_a_frame_over_64_kib_closes_with_1009_and_one_below_does_not(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    frame = json.dumps({"to": "Grace", "message": ""})
    padding = 64 * 1024 - len(frame)
    await ada.connection.send(frame.replace('""', f'"{"x" * padding}"'))
    assert await ada.refused() == "message_too_long"
    await ada.connection.send(frame.replace('""', f'"{"x" * (padding + 1)}"'))
    assert await ada.closed() == 1009


async def test_every_device_of_both_hears_each_message_once(chat: Instance) -> None:
    adas = [await chat.live_device("Ada", session=f"s{number}") for number in range(3)]
    graces = [await chat.live_device("Grace", session=f"s{number}") for number in range(3)]
    for number in range(20):
        await adas[number % 3].say("Grace", str(number))
        assert (await adas[0].hear("sent"))["message"] == str(number)
    for other in adas[1:]:
        assert await other.hear_texts(20, "sent") == [str(number) for number in range(20)]
    for grace in graces:
        assert await grace.hear_texts(20) == [str(number) for number in range(20)]
    for device in adas + graces:
        await device.heard_nothing()


async def test_only_the_device_that_wrote_hears_that_the_reader_is_away(chat: Instance) -> None:
    phone, desk = await chat.live_device("Ada"), await chat.live_device("Ada")
    await phone.say("Grace", "hello")
    await phone.hear("sent")
    assert await phone.refused() == "recipient_offline"
    await desk.hear("sent")
    await desk.heard_nothing()


async def test_everyone_writes_to_everyone_and_all_agree_on_the_order(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    for number in range(100):
        await ada.say("Grace", f"a{number}")
        await grace.say("Ada", f"g{number}")
    heard = {}
    for device in (ada, grace):
        events = [await device.hear_anything() for _ in range(200)]
        assert [event["seq"] for event in events] == list(range(1, 201))
        heard[device] = [event["message"] for event in events]
        assert [text for text in heard[device] if text[0] == "a"] == [f"a{number}" for number in range(100)]
    assert heard[ada] == heard[grace] == await chat.history("Ada", "Grace")


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
    with world.locked_store():
        await phone.say("Grace", "hello")  # a group of its own, during which the next one gathers
        await phone.heard_nothing()
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


# Time


async def test_a_timestamp_is_utc_and_milliseconds(world: World) -> None:
    chat = await world.instance()
    world.clock.now = NOW_S + 1.5
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello")
    assert (await ada.hear("sent"))["timestamp"] == "2027-01-15T08:00:01.500Z"
