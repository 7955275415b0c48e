"""Which path is which page."""

import asyncio
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from gateway.domain.paths import is_page_with_files
from gateway.domain.refusals import UpgradeRequired
from gateway.pages import conversations, home, rooms, settings, signing, video
from gateway.pages.files import static_file
from gateway.state import State
from servicekit import health
from servicekit.middleware import header
from servicekit.routing import route


def streams_body(scope: Scope) -> bool:
    """Whether the page takes files, reads the body as it comes, and bounds by itself what it keeps of it."""
    is_multipart = (header(scope, b"content-type") or b"").startswith(b"multipart/")
    return is_multipart and scope["method"] == "POST" and is_page_with_files(scope["path"])


async def upgrade_required(_: Request[State]) -> Response:
    raise UpgradeRequired


def _checks(request: Request[Any]) -> dict[str, health.Check]:
    state: State = request.state

    async def knows_revocations() -> bool:
        return state["authentication"].is_current

    services = {service.value: _Neighbour(state["http"], url) for service, url in state["urls"].items()}

    async def redis() -> bool:
        here, *there = await asyncio.gather(state["bus"].ping(), *(one.has_redis() for one in services.values()))
        return here and all(there)

    ready: dict[str, health.Check] = {name: one.is_ready for name, one in services.items()}
    return {health.REDIS: redis, "revocations": knows_revocations, **ready}


class _Neighbour:
    """What a service says of itself, asked once."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._asking = asyncio.create_task(http.get(url + "/readyz"))
        self._asking.add_done_callback(lambda asking: asking.cancelled() or asking.exception())  # perhaps nobody waits

    async def is_ready(self) -> bool:
        return (await asyncio.shield(self._asking)).status_code == 200

    async def has_redis(self) -> bool:
        """Also where it does not answer at all: that is another matter."""
        try:
            answer = await asyncio.shield(self._asking)
        except httpx.HTTPError:
            return True
        return bool(answer.json().get("checks", {}).get(health.REDIS) != health.AWAY)


def _messages(path: str) -> list[Route]:
    """A conversation and what is said in it."""
    return [
        route(path, GET=conversations.conversation, POST=conversations.say),
        route(path + "/{message_id:id}/edit", POST=conversations.edit),
        route(path + "/{message_id:id}/delete", POST=conversations.delete),
        route(path + "/{message_id:id}/react", POST=conversations.react),
    ]


PAGES = [
    route("/", GET=home.home),
    route("/sign-in", GET=signing.sign_in_form, POST=signing.sign_in),
    route("/sign-up", GET=signing.sign_up_form, POST=signing.sign_up),
    route("/logout", GET=signing.logout),
    *_messages("/chat/{username}"),
    route("/chat/{username}/save", POST=conversations.save_chat),
    route("/rooms", GET=rooms.rooms, POST=rooms.make_room),
    *_messages("/rooms/{room}"),
    route("/rooms/{room}/join", POST=conversations.join),
    route("/rooms/{room}/leave", POST=conversations.leave),
    route("/rooms/{room}/change", POST=conversations.change_room),
    route("/rooms/{room}/close", POST=conversations.close_room),
    route("/rooms/{room}/members", POST=conversations.add_member),
    route("/rooms/{room}/members/{username}/remove", POST=conversations.remove_member),
    route("/settings", GET=settings.settings, POST=settings.change),
    route("/settings/devices/{sid}/end", POST=settings.end_device),
    route("/theme", POST=settings.choose_theme),
    route("/language", POST=settings.choose_language),
    route("/search", GET=home.search),
    route("/video", GET=video.video),
    route("/static/{name}", GET=static_file),
    route("/ws", GET=upgrade_required),
    route("/ws/{token}", GET=upgrade_required),
    route("/api/ws/{rest:path}", GET=upgrade_required),
    *health.routes(_checks),
]
