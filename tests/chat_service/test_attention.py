"""What somebody is notified of, and what they have marked as unread: on all their devices, and nobody else's affair."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Label
from chat_service.domain.notification_levels import Level, Notifications, chosen, usual
from chat_service.domain.quotas import Quotas
from chat_service.domain.refusals import TooManyNotificationLevels
from chat_service.store.engines import log_of
from chat_service.store.notification_levels import NotificationLevels
from chat_service.store.unread_marks import UnreadMarks
from servicekit.database import Connection, Database
from servicekit.problems import Invalid
from tests.chat_service import drafts
from tests.chat_service.erasure import erase, rows, say
from tests.chat_service.world import Device, Instance, World

GRACE, GARDEN = "/api/conversations/%40Grace", "/api/conversations/%23garden"
NOW = "2027-01-15T08:00:00.000Z"


async def put(chat: Instance, path: str, body: Any, name: str = "Ada") -> int | tuple[int, str]:
    return await chat.does(name, "PUT", path, json=body)


async def listed(chat: Instance, name: str) -> list[dict[str, Any]]:
    """Their chats, then their rooms, by what they are called."""
    chats, rooms = await chat.get(name, "/api/saved-chats"), await chat.get(name, "/api/rooms")
    return [*chats, *(room for room in rooms if room["is_member"])]


async def counts(chat: Instance, name: str) -> list[tuple[int, int]]:
    return [(one["unread"], one["mentions"]) for one in await listed(chat, name)]


# The rules


def test_with_a_person_all_is_told_and_in_a_room_what_is_meant_for_one() -> None:
    assert usual(Label("@Grace")) == Notifications(Level.ALL)
    assert usual(Label("#garden")) == Notifications(Level.MENTIONS)


def test_times_are_kept_in_utc_and_those_that_are_over_are_none() -> None:
    moment = datetime(2027, 1, 15, 10, 0, 0, 1_500, tzinfo=timezone(timedelta(hours=2)))
    muted = chosen(Level.ALL, moment)
    assert muted == Notifications(Level.ALL, "2027-01-15T08:00:00.001Z")
    assert muted.at(NOW) == muted
    assert muted.at("2027-01-15T08:00:00.001Z") == Notifications(Level.ALL)
    assert chosen(Level.NONE, None) == Notifications(Level.NONE)


@pytest.mark.parametrize("moment, hours", [("0001-01-01T00:00:00", 1), ("9999-12-31T23:59:59", -1)])
def test_times_outside_of_all_years_are_refused(moment: str, hours: int) -> None:
    assert chosen(Level.ALL, datetime.fromisoformat(moment).replace(tzinfo=UTC)).muted_until is not None
    with pytest.raises(Invalid):
        chosen(Level.ALL, datetime.fromisoformat(moment).replace(tzinfo=timezone(timedelta(hours=hours))))


# The stores


async def test_so_many_are_chosen_and_what_is_usual_takes_no_place(database: Database) -> None:
    levels = NotificationLevels(database, quotas=Quotas(notification_levels_max=1))
    grace, linus, muted = Label("@Grace"), Label("@Linus"), Notifications(Level.ALL, NOW)
    await levels.put("Ada", linus, usual(linus))
    for wanted in (Notifications(Level.NONE), muted):
        await levels.put("Ada", grace, wanted)
    assert await levels.get("Ada", grace) == muted
    with pytest.raises(TooManyNotificationLevels):
        await levels.put("Ada", linus, muted)
    await levels.put("Grace", linus, muted)
    await levels.put("Ada", grace, usual(grace))
    await levels.put("Ada", linus, muted)
    assert await levels.get("Ada", grace) == usual(grace)


async def test_a_mark_is_in_the_conversation_or_refused(database: Database) -> None:
    log = log_of(database)

    def write(connection: Connection) -> None:
        log.append_group(connection, [drafts.to_person("Grace", "Ada"), drafts.to_person("Ada", "Grace")])

    marks, grace = UnreadMarks(database), Label("@Grace")
    with pytest.raises(Invalid):
        await marks.put("Ada", grace, 1)  # before anything was said
    await database.write(write)
    assert (await marks.put("Ada", grace, 1)).unread == 1
    assert (await marks.put("Ada", grace, 2)).unread == 0  # one's own word
    with pytest.raises(Invalid):
        await marks.put("Ada", grace, 3)
    change = drafts.change(Kind.READ, "Ada", conversation="Ada|Grace", mark=9)
    for seq, was_marked in ((9, False), (0, True), (0, False)):  # past the end; where it is; and once more
        read = await database.write(
            log.append_group, [change if seq else drafts.change(Kind.READ, "Ada", conversation="Ada|Grace", mark=seq)]
        )
        assert [getattr(one, "unmarked", None) is not None for one in read] == [was_marked]


# The service


async def test_levels_are_on_all_devices_and_in_the_lists(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await say(here, "Ada", "hello", to="Grace")
    devices = [await here.live_device("Ada"), await there.live_device("Ada")]
    grace = await there.live_device("Grace")
    assert await there.get("Ada", GRACE + "/notifications") == {"level": "all", "muted_until": None}
    assert await there.get("Ada", GARDEN + "/notifications") == {"level": "mentions", "muted_until": None}
    until = "2027-01-15T08:00:30.000Z"
    answer = await here.request(
        "Ada", "PUT", GARDEN + "/notifications", json={"level": "none", "muted_until": "2027-01-15T09:00:30+01:00"}
    )
    assert answer.json() == {"level": "none", "muted_until": until}
    assert await put(there, GRACE + "/notifications", {"level": "mentions"}) == 200
    for device in devices:
        told = {"type": "notifications", "conversation": "#garden", "level": "none", "muted_until": until}
        assert await device.hear("notifications") == told
        assert (await device.hear("notifications"))["conversation"] == "@Grace"
    await grace.heard_nothing()
    assert [(one["level"], one["muted_until"]) for one in await listed(there, "Ada")] == [
        ("mentions", None),
        ("none", until),
    ]
    assert [one["level"] for one in await listed(there, "Grace")] == ["all", "mentions"]
    world.clock.forward(30)
    assert await there.get("Ada", GARDEN + "/notifications") == {"level": "none", "muted_until": None}


async def test_what_is_no_level_no_time_or_no_mark_is_refused(chat: Instance) -> None:
    await chat.make_room("Ada", "garden")
    for body in (
        {},
        {"level": "loud"},
        {"level": "all", "muted_until": "tomorrow"},
        {"level": "all", "muted_until": "2027-01-15T08:00:00"},
        {"level": "all", "muted_until": "9999-12-31T23:59:59-01:00"},
    ):
        assert await put(chat, GARDEN + "/notifications", body) == (422, "invalid")
    for seq in (0, -1, 2, 2**63, "1", None):
        assert await put(chat, GARDEN + "/unread", {"seq": seq}) == (422, "invalid")
    assert await put(chat, GARDEN + "/unread", {"seq": 1}) == 200  # its making


async def test_who_is_not_in_there_chooses_and_marks_nothing(chat: Instance) -> None:
    await chat.make_room("Grace", "garden", "Ada")
    assert await put(chat, GARDEN + "/notifications", {"level": "none"}) == 200
    assert await put(chat, GARDEN + "/unread", {"seq": 1}) == 200
    await chat.remove_member("Grace", "garden", "Ada")
    assert await chat.does("Ada", "GET", GARDEN + "/notifications") == (403, "not_a_member")
    assert await put(chat, GARDEN + "/notifications", {"level": "all"}) == (403, "not_a_member")
    assert await put(chat, GARDEN + "/unread", {"seq": 1}) == (403, "not_a_member")
    await chat.add_member("Grace", "garden", "Ada")
    (garden,) = await listed(chat, "Ada")
    assert (garden["level"], garden["unread_seq"]) == ("none", None)


async def test_both_go_with_the_account_and_levels_with_the_room(world: World) -> None:
    chat = await world.instance(messages_per_second=0)
    await chat.make_room("Grace", "garden", "Ada")
    for name in ("Ada", "Grace"):
        assert await put(chat, GARDEN + "/notifications", {"level": "none"}, name) == 200
    assert await put(chat, "/api/conversations/@Ada/notifications", {"level": "none"}, "Grace") == 200
    await erase(world, "Ada")
    assert rows(world, "SELECT username, label FROM notification_levels ORDER BY label") == [
        ("Grace", "#garden"),
        ("Grace", "@Ada"),
    ]
    assert await chat.does("Grace", "DELETE", "/api/rooms/garden") == 204
    assert rows(world, "SELECT label FROM notification_levels") == [("@Ada",)]


async def hear_unread(device: Device, kind: str = "unread") -> tuple[str, int, int]:
    event = await device.hear(kind)
    return event["conversation"], event["unread"], event["mentions"]


@pytest.mark.parametrize("where, label", [({"to": "Ada"}, "@Grace"), ({"room": "garden"}, "#garden")])
async def test_a_mark_holds_until_the_next_read_and_only_its_person_is_told(
    world: World, where: dict[str, str], label: str
) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    path = "/api/conversations/" + label.replace("#", "%23")
    if "room" in where:
        await here.make_room("Grace", "garden", "Ada")
    await say(here, "Grace", "one", "two", "three", **where)
    devices = [await here.live_device("Ada"), await there.live_device("Ada")]
    grace = await there.live_device("Grace")
    last = devices[0].ready["positions"][label]
    read = {"type": "read", **({"to": "Grace"} if "to" in where else where), "seq": last}
    await devices[0].send(**read)
    for device in devices:
        assert await hear_unread(device, "read") == (label, 0, 0)
    assert {"unread", "mentions"} & (await grace.hear("read")).keys() == set()
    for instance in (here, there):
        assert await put(instance, path + "/unread", {"seq": last - 1}) == 200
    told = {"type": "unread", "conversation": label, "unread_seq": last - 1, "unread": 2, "mentions": 0}
    for device in devices:
        assert [await device.hear("unread") for _ in range(2)] == [told, told]
    assert await counts(there, "Ada") == [(2, 0)]
    assert [one["unread_seq"] for one in await listed(there, "Ada")] == [last - 1]
    await devices[0].send(**read)  # the mark of before stays where it is
    for device in devices:
        assert await device.hear("unread") == {**told, "unread_seq": None, "unread": 0}
    assert await counts(there, "Ada") == [(0, 0)]
    await grace.heard_nothing()
    assert rows(world, "SELECT count(*) FROM changes WHERE kind = 'read'") == [(1,)]


async def test_read_elsewhere_later_its_counts_are_those_of_now(chat: Instance) -> None:
    await say(chat, "Grace", "one", to="Ada")
    assert await put(chat, "/api/messages/Grace/read", {"seq": 1}) == 204
    await say(chat, "Grace", "two", to="Ada")
    assert await put(chat, "/api/messages/Grace/read", {"seq": 3}) == 204
    await say(chat, "Grace", "three", to="Ada")
    device = await chat.device("Ada")
    await device.send(type="resume", positions={})
    heard = [await device.hear_anything() for _ in range(5)]
    assert [(one["read_seq"], one.get("unread")) for one in heard if one["type"] == "read"] == [(1, None), (3, 1)]
