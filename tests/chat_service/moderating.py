"""What moderators do in a room, and what its members write there."""

from tests.chat_service.world import Instance

GARDEN = "/api/rooms/garden"
FORBIDDEN = (403, "not_allowed")


async def set_role(chat: Instance, by: str, name: str, role: str = "moderator") -> None:
    assert await chat.does(by, "PUT", f"{GARDEN}/members/{name}/role", json={"role": role}) == 204


async def time_out(chat: Instance, by: str, name: str, seconds: int = 60) -> int | tuple[int, str]:
    return await chat.does(by, "PUT", f"{GARDEN}/timeouts/{name}", json={"seconds": seconds})


async def write(chat: Instance, name: str, text: str = "hello", **more: str) -> int | tuple[int, str]:
    return await chat.does(name, "POST", f"{GARDEN}/messages", json={"message": text, **more})
