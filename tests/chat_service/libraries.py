"""A chat whose messages are searched, and what stands in its store."""

from chat_service.store.search import Search
from servicekit.database import Database
from tests.chat_service.world import Device, Instance


class Library:
    """A chat whose messages are in the index, or are not."""

    def __init__(self, chat: Instance, *, is_indexed: bool, suffix: str = "") -> None:
        """With a `suffix` all who speak and ask have it behind their names."""
        self.chat = chat
        self.is_indexed = is_indexed
        self._suffix = suffix
        self.devices: dict[str, Device] = {}

    async def say(self, name: str, *texts: str, to: str = "", room: str = "") -> list[int]:
        """Their ids; each is of the index, if that is kept, when this returns."""
        if name not in self.devices:
            self.devices[name] = await self.chat.live_device(name + self._suffix)
        device, ids = self.devices[name], []
        for text in texts:
            await device.send(message=text, **({"to": to + self._suffix} if to else {"room": room}))
            while (event := await device.hear_anything())["type"] != "sent":
                pass
            ids.append(event["id"])
        await self.settle()
        return ids

    async def settle(self) -> None:
        if self.is_indexed:
            while await Search(self.chat.state["database"]).index_some():
                pass

    async def find(self, query: str, *, name: str = "Ada", **params: int) -> list[str]:
        found = await self.chat.get(name + self._suffix, "/api/search-messages", query=query, **params)
        return [one["message"] for one in found]


async def column(database: Database, query: str) -> list[str | None]:
    return await database.read(lambda connection: [value for (value,) in connection.execute(query)])
