"""A media service that knows some pages, and the conversation in which they are linked to."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.asgi import serving
from tests.chat_service.world import Device, Event, Instance, World

A, B, C = "https://example.org/a", "https://example.org/b", "https://example.org/c"
NONE = "https://example.org/none"


def card(url: str) -> Event:
    return {"url": url, "title": url[-1], "description": "", "site": "example.org", "picture": None}


class Media:
    """A stand-in for the media service: what pages say of themselves, when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failures = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.app = Starlette(routes=[Route("/internal/link-card", self._card)])

    async def _card(self, request: Request) -> Response:
        url = request.query_params["url"]
        self.asked.append(url)
        await self.goes_on.wait()
        if self.failures:
            self.failures -= 1
            return Response(status_code=503)
        known = {name: value for name, value in card(url).items() if name != "url"}
        return JSONResponse({"card": None if url == NONE else known})


class Place:
    """A chat service beside that media service, and what Ada and Grace do there."""

    def __init__(self, world: World, chat: Instance, media: Media) -> None:
        self.world = world
        self.chat = chat
        self.media = media

    async def ada(self) -> Device:
        """Hers, while Grace is there, too."""
        await self.chat.live_device("Grace")
        return await self.chat.live_device("Ada")

    async def says(self, ada: Device, text: str) -> int:
        await ada.say("Grace", text)
        return int((await ada.hear("sent"))["id"])

    async def edits(self, ada: Device, message_id: int, text: str) -> None:
        await ada.send(type="edit", id=message_id, message=text)
        assert (await ada.hear("edited"))["message"] == text

    async def shown(self, name: str = "Grace", other: str = "Ada") -> list[list[Event]]:
        history = await self.chat.get(name, f"/api/messages/{other}")
        return [message["cards"] for message in history]

    async def row(self, message_id: int) -> tuple[Any, ...]:
        database = self.chat.state["database"]
        query = "SELECT cards FROM messages WHERE id = ?"
        return tuple(await database.read(lambda connection: connection.execute(query, (message_id,)).fetchone()))


async def place_in(world: World, stack: AsyncExitStack, **settings: Any) -> Place:
    media = Media()
    url, _ = await stack.enter_async_context(serving(media.app))
    return Place(world, await world.instance(media_url=url, messages_per_second=0, **settings), media)
