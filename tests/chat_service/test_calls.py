"""Calls: who is rung, who answers, how it ends, and what is left of it in the conversation."""

import signal

import pytest

from chat_service.domain.calls import Call, CallRecord, Outcome
from tests.chat_service.world import Device, Event, Instance, World
from tests.stores import ON_SQLITE
from tests.valkey import Valkey
from tests.waiting import eventually


async def ring(caller: Device, *others: Device, to: str = "Grace") -> None:
    await caller.send(type="call", to=to, stream="ada-1")
    for device in (caller, *others):
        heard = await device.hear("call")
        assert (heard["username"], heard["stream"]) == ("Ada", "ada-1")


async def line(chat: Instance) -> Event:
    """What is left in the conversation of Ada and Grace."""

    async def is_there() -> bool:
        return bool(await chat.get("Ada", "/api/messages/Grace"))

    await eventually(is_there)
    (left,) = await chat.get("Ada", "/api/messages/Grace")
    return dict(left)


async def test_a_call_rings_everywhere_and_leaves_its_line(world: World) -> None:
    here, there = [await world.instance() for _ in range(2)]
    ada, grace, tablet = (
        await here.live_device("Ada"),
        await there.live_device("Grace"),
        await here.live_device("Grace"),
    )
    await ring(ada, grace, tablet)
    await grace.send(type="answer", to="Ada", stream="grace-1")
    for device, label in ((ada, "@Grace"), (grace, "@Ada"), (tablet, "@Ada")):
        heard = await device.hear("answer")
        assert heard == {"type": "answer", "conversation": label, "username": "Grace", "stream": "grace-1"}
    world.clock.now += 190
    await ada.send(type="hang_up", to="Grace")
    for device in (ada, grace, tablet):
        assert (await device.hear("hang_up"))["username"] == "Ada"
    assert (await grace.hear("message"))["call"] == {"outcome": "answered", "duration_s": 190}
    assert (await ada.hear("sent"))["message"] == "video call, 3 min"
    left = await line(here)
    assert (left["sender_username"], left["call"]["outcome"]) == ("Ada", "answered")


@pytest.mark.parametrize("who, outcome", [("Grace", "declined"), ("Ada", "missed")])
async def test_before_an_answer_to_hang_up_is_to_decline_or_to_give_up(chat: Instance, who: str, outcome: str) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ring(ada, grace)
    await (grace if who == "Grace" else ada).send(type="hang_up", to="Ada" if who == "Grace" else "Grace")
    for device in (ada, grace):
        assert (await device.hear("hang_up"))["username"] == who
    left = await line(chat)
    assert (left["sender_username"], left["call"]) == ("Ada", {"outcome": outcome, "duration_s": 0})


async def test_nobody_answers(world: World) -> None:
    chat = await world.instance(ring_s=0.05)
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ring(ada, grace)
    assert (await grace.hear("hang_up"))["username"] == "Ada"
    assert (await line(chat))["message"] == "missed video call"


async def test_a_call_that_was_answered_does_not_end_by_itself(world: World) -> None:
    chat = await world.instance(ring_s=0.05)
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ring(ada, grace)
    await grace.send(type="answer", to="Ada", stream="grace-1")
    await ada.hear("answer")
    linus = await chat.live_device("Linus")
    await linus.send(type="call", to="Ada", stream="linus-1")
    await ada.hear("call")
    assert (await ada.hear("hang_up"))["username"] == "Linus"  # which rang as long, and began later
    await ada.hear("message")
    await ada.send(type="hang_up", to="Grace")
    assert (await ada.hear("hang_up"))["username"] == "Ada"
    assert (await line(chat))["call"]["outcome"] == "answered"


async def test_who_is_not_connected_is_not_rung_but_finds_the_line(chat: Instance) -> None:
    ada = await chat.live_device("Ada")
    await ada.send(type="call", to="Grace", stream="ada-1")
    assert await ada.refused() == "recipient_offline"
    assert (await ada.hear("sent"))["call"]["outcome"] == "missed"


async def test_both_calling_at_once_is_an_answer(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ring(ada, grace)
    await grace.send(type="call", to="Ada", stream="grace-1")
    assert (await ada.hear("answer"))["stream"] == "grace-1"


async def test_who_loses_the_last_connection_has_hung_up(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ring(ada, grace)
    await grace.send(type="answer", to="Ada", stream="grace-1")
    await ada.hear("answer")
    await grace.connection.close()
    assert (await ada.hear("hang_up"))["username"] == "Grace"
    assert (await line(chat))["call"]["outcome"] == "answered"


async def test_who_comes_back_elsewhere_is_still_in_the_call(world: World) -> None:
    here, there = [await world.instance() for _ in range(2)]
    await here.does("Ada", "POST", "/api/save-chat", json={"username": "Linus"})
    ada, grace, linus = [await here.live_device(name) for name in ("Ada", "Grace", "Linus")]
    await ring(ada, grace)
    await grace.send(type="answer", to="Ada", stream="grace-1")
    await ada.hear("answer")
    elsewhere = await there.live_device("Grace")
    await grace.connection.close()
    await linus.connection.close()
    while (await ada.hear_anything()) != {"type": "presence", "username": "Linus", "online": False}:
        pass  # then the grace of Grace, who went before him, is over
    await ada.heard_nothing()
    await elsewhere.connection.close()
    assert (await ada.hear("hang_up"))["username"] == "Grace"
    assert (await line(here))["call"]["outcome"] == "answered"


async def test_only_one_line_is_left_when_both_hang_up_at_once(world: World) -> None:
    here, there = [await world.instance() for _ in range(2)]
    ada, grace = await here.live_device("Ada"), await there.live_device("Grace")
    await ring(ada, grace)
    await ada.send(type="hang_up", to="Grace")
    await grace.send(type="hang_up", to="Ada")
    while (event := await ada.hear_anything())["type"] != "hang_up":
        assert event.get("code", "no_call") == "no_call", event  # Grace's came first
    await line(here)
    await ada.send(type="hang_up", to="Grace")
    while (event := await ada.hear_anything())["type"] != "error":
        pass
    assert event["code"] == "no_call"
    await line(here)


@ON_SQLITE
@pytest.mark.parametrize(
    "command, refusal",
    [
        ({"type": "answer", "to": "Grace", "stream": "x"}, "no_call"),
        ({"type": "hang_up", "to": "Grace"}, "no_call"),
        ({"type": "call", "to": "Nobody", "stream": "x"}, "unknown_recipient"),
        ({"type": "call", "to": "Ada", "stream": "x"}, "recipient_is_self"),
        ({"type": "call", "room": "lobby", "stream": "x"}, "invalid_command"),
        ({"type": "call", "to": "Grace"}, "invalid_command"),
        ({"type": "call", "to": "Grace", "stream": "a b"}, "invalid_command"),
        ({"type": "call", "to": "Grace", "stream": "x" * 65}, "invalid_command"),
        ({"type": "hang_up"}, "invalid_command"),
    ],
)
async def test_what_makes_no_sense_is_refused(chat: Instance, command: dict[str, str], refusal: str) -> None:
    ada = await chat.live_device("Ada")
    await ada.send(**command)
    assert await ada.refused() == refusal


async def test_the_caller_cannot_answer_their_own_call(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ring(ada, grace)
    await ada.send(type="answer", to="Grace", stream="ada-2")
    assert await ada.refused() == "no_call"


async def test_without_redis_nobody_is_called(fragile_world: World, valkey: Valkey) -> None:
    chat = await fragile_world.instance()
    ada = await chat.live_device("Ada")
    valkey.send(signal.SIGKILL)
    await eventually(lambda: not chat.state["bus"].is_connected)
    for command in ({"type": "hang_up"}, {"type": "call", "stream": "ada-1"}, {"type": "answer", "stream": "ada-1"}):
        await ada.send(to="Grace", **command)
        assert await ada.refused() == "calls_unavailable"
    assert await chat.get("Ada", "/api/messages/Grace") == []  # nobody knows whether she could have heard it


@pytest.mark.parametrize(
    "duration_s, text",
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (7_384, "2 h 3 min")],
)
def test_a_line_says_how_long_it_was(duration_s: int, text: str) -> None:
    call = Call(caller="Ada", rang_at=1, answered_at=1_000)
    record = call.ended("Grace", 1_000 + duration_s)
    assert record == CallRecord(outcome=Outcome.ANSWERED, duration_s=duration_s)
    assert record.text == f"video call, {text}"
