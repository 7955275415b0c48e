"""Rooms that are made again, and devices that resume with what they know of them."""

from typing import Any

from tests.chat_service.world import Device, Event, Instance
from tests.waiting import eventually


async def say(chat: Instance, name: str, *texts: str) -> None:
    seq = 0
    for text in texts:
        answer = await chat.request(name, "POST", "/api/rooms/garden/messages", json={"message": text})
        assert answer.status_code == 201
        seq = answer.json()["seq"]
    await eventually(lambda: is_told(chat, name, seq))


async def is_told(chat: Instance, name: str, seq: int) -> bool:
    """Whether who connects now begins behind that place; until then it would come to them live."""
    device = await chat.device(name)
    await device.connection.close()
    return bool(device.ready["positions"].get("#garden", 0) >= seq)  # it is in none while it changes rooms


async def make_again(chat: Instance, *members: str) -> None:
    assert await chat.does("Ada", "DELETE", "/api/rooms/garden") == 204
    await chat.make_room("Ada", "garden", *members)


async def resume(device: Device, **positions: Any) -> tuple[list[Event], Event]:
    """What is replayed, and `resumed`."""
    await device.send(type="resume", **positions)
    replayed = []
    while (event := await device.hear_anything())["type"] != "resumed":
        if event["type"] != "presence":
            replayed.append(event)
    return replayed, event
