"""Messages over sockets: what is sent comes to every device once and in order, and what breaks a rule is refused."""

import json

import pytest

from tests.chat_service.world import NOBODY_KNOWS, Instance, World
from tests.clock import NOW_S


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


# Time


async def test_a_timestamp_is_utc_and_milliseconds(world: World) -> None:
    chat = await world.instance()
    world.clock.now = NOW_S + 1.5
    ada = await chat.live_device("Ada")
    await ada.say("Grace", "hello")
    assert (await ada.hear("sent"))["timestamp"] == "2027-01-15T08:00:01.500Z"
