"""Erasing accounts: what is said before, who tells of it, and what is left in the store and heard by devices."""

from typing import Any

from servicekit.authentication import REVOCATIONS_CHANNEL
from tests.chat_service.world import Device, Event, Instance, World
from tests.stores import opened_store
from tests.waiting import eventually

UNKNOWN = (404, "unknown_recipient")


def rows(world: World, query: str, *values: object) -> list[Any]:
    with opened_store(world.store) as connection:
        return [*map(tuple, connection.execute(query, values))]


def is_erased(world: World, name: str) -> bool:
    return rows(world, "SELECT is_done FROM erasures WHERE username = ?", name) == [(1,)]


async def tell(world: World, channel: str, payload: str) -> None:
    bus = await world.bus()
    await bus.execute(("PUBLISH", bus.channel(channel), payload))


async def end_session(world: World, name: str) -> None:
    world.auth.revoke(f"session-of-{name}")
    await tell(world, REVOCATIONS_CHANNEL, f"session-of-{name}")


async def erase(world: World, name: str = "Ada") -> None:
    """As the auth service does it; return when nothing is left."""
    await end_session(world, name)
    world.auth.erase(name)
    await tell(world, "profiles", "news")
    await eventually(lambda: is_erased(world, name))


def assert_nothing_is_left(world: World, name: str = "Ada") -> None:
    """But places in the log, without text, and the name."""
    standing = "SELECT message FROM messages WHERE sender_username = ? AND (message <> '' OR deleted_at IS NULL)"
    assert rows(world, standing, name) == []
    assert rows(world, "SELECT 1 FROM reactions WHERE username = ?", name) == []
    assert rows(world, "SELECT 1 FROM memberships WHERE username = ?", name) == []
    assert rows(world, "SELECT 1 FROM contacts WHERE user_username = ?", name) == []
    assert rows(world, "SELECT 1 FROM rooms WHERE owner_username = ?", name) == []


def assert_gapless(world: World) -> None:
    for (conversation_id,) in rows(world, "SELECT id FROM conversations"):
        places = rows(
            world,
            "SELECT seq FROM messages WHERE conversation_id = ?"
            " UNION ALL SELECT seq FROM changes WHERE conversation_id = ? ORDER BY 1",
            conversation_id,
            conversation_id,
        )
        assert [seq for (seq,) in places] == list(range(1, len(places) + 1))


async def say(chat: Instance, name: str, *texts: str, **where: str) -> list[int]:
    """Their ids."""
    device = await chat.live_device(name)
    for text in texts:
        await device.send(message=text, **where)
    ids: list[int] = []
    while len(ids) < len(texts):
        event = await device.hear_anything()
        if event["type"] == "sent":
            ids.append(event["id"])
        else:
            assert event.get("code", "recipient_offline") == "recipient_offline", event
    await device.connection.close()
    return ids


async def hear_all(device: Device, *kinds: str, count: int) -> list[Event]:
    """The next `count` events that have a place in the log, which have to be of these kinds."""
    heard: list[Event] = []
    while len(heard) < count:
        event = await device.hear_anything()
        if event["type"] != "presence":
            assert event["type"] in kinds, event
            heard.append(event)
    return heard
