"""People with pictures, and what their messages show."""

import httpx
from PIL import Image

from tests.chat_service.world import Device, Event, Instance, World
from tests.media_service.cleaning.pictures import encoded
from tests.waiting import eventually

SHOWN = {
    *("id", "url", "thumbnail_url", "filename", "kind", "content_type", "size", "width", "height", "duration_s"),
    "placeholder",
}


class Album:
    """The media service, as its clients meet it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._shades = iter(range(256))

    def _client(self, name: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.world.auth.token(name)}"}
        return httpx.AsyncClient(base_url=self.world.media_url, headers=headers, trust_env=False, verify=False)

    async def keep(self, name: str, count: int = 1) -> list[str]:
        """The ids of new pictures of theirs."""
        pictures = [encoded(Image.new("RGB", (8, 8), (next(self._shades), 0, 0)), "PNG") for _ in range(count)]
        async with self._client(name) as client:
            files = [("files", (f"{n}.png", data)) for n, data in enumerate(pictures)]
            answer = await client.post("/api/user/upload-files", files=files)
        return [file["id"] for file in answer.json()["files"]]

    async def status(self, name: str, file_id: str) -> int:
        async with self._client(name) as client:
            return (await client.get(f"/api/files/{file_id}")).status_code

    async def remove(self, name: str, file_id: str) -> None:
        async with self._client(name) as client:
            assert (await client.delete(f"/api/files/{file_id}")).status_code == 204

    async def until_gone(self, name: str, file_id: str) -> None:
        async def is_gone() -> bool:
            return await self.status(name, file_id) == 404

        await eventually(is_gone)


def ids(event: Event) -> list[str]:
    return [attachment["id"] for attachment in event["attachments"]]


async def shown(chat: Instance, name: str, path: str) -> list[list[str]]:
    """The pictures of each message of a history."""
    return [ids(message) for message in await chat.get(name, path)]


async def say(device: Device, text: str, attachments: list[str], to: str = "Grace") -> Event:
    """A message to a person, or with its mark to a room; its `sent`."""
    address = {"room": to[1:]} if to.startswith("#") else {"to": to}
    await device.send(message=text, attachments=attachments, **address)
    while (event := await device.hear_anything())["type"] != "sent":
        assert event.get("code") == "recipient_offline" or event["type"] == "deleted", event
    return event
