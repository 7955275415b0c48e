"""Rooms that are made again, and devices that resume with what they know of them."""

from typing import Any

from tests.chat_service.world import Device, Event, Instance


async def say(chat: Instance, name: str, *texts: str) -> None:
    for text in texts:
        assert await chat.does(name, "POST", "/api/rooms/garden/messages", json={"message": text}) == 201
    await chat.state["bus"].ping()  # its answer comes after what was published before: the readers have heard of it


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
