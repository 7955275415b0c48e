"""Rooms as people see them, what a device hears of them, and Redis that goes and comes back."""

from tests.chat_service.world import Device, Event, Instance
from tests.valkey import Valkey
from tests.waiting import eventually


async def names(chat: Instance, name: str) -> list[str]:
    return [room["name"] for room in await chat.get(name, "/api/rooms")]


async def members(chat: Instance, name: str, room: str) -> list[str]:
    return list((await chat.get(name, f"/api/rooms/{room}"))["members"])


async def hear_seqs(device: Device, first: int, last: int) -> list[Event]:
    """The events of a room from `first` to `last`, and nothing else between them."""
    heard = [await device.hear_anything() for _ in range(first, last + 1)]
    assert [event["seq"] for event in heard] == list(range(first, last + 1)), heard
    return heard


async def away(valkey: Valkey, *instances: Instance) -> None:
    valkey.kill()
    for one in instances:
        await eventually(lambda bus=one.state["bus"]: not bus.is_connected)


async def back(valkey: Valkey, *instances: Instance) -> None:
    valkey.start()
    for one in instances:
        await eventually(lambda bus=one.state["bus"]: bus.is_connected)
