"""The HTTP interface of chat."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chat_service.state import State
from servicekit import health
from servicekit.authentication import bearer_token
from servicekit.bodies import convert, read_json
from servicekit.tokens import Identity

HISTORY_PAGE = 50
MessageId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class SaveChat(msgspec.Struct, frozen=True):
    """`nickname` and `pfp` are shown instead of the person's own, until they change theirs."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    nickname: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    pfp: Annotated[str, msgspec.Meta(max_length=2048, pattern=r"^(https?://\S+|/(?!/)\S*)?$")] | None = None


class Page(msgspec.Struct, frozen=True):
    before: MessageId | None = None
    after: MessageId | None = None
    limit: Annotated[int, msgspec.Meta(ge=1)] = HISTORY_PAGE


async def saved_chats(request: Request[State]) -> Response:
    identity = await _identify(request)
    return _json(await request.state["chat"].saved_chats(identity.username))


async def save_chat(request: Request[State]) -> Response:
    identity = await _identify(request)
    body = await read_json(request, SaveChat)
    await request.state["chat"].save_chat(identity.username, body.username, body.nickname, body.pfp)
    return _json({"message": "Chat saved"})


async def messages(request: Request[State]) -> Response:
    """Oldest first; `Link` leads to the page before and after this one."""
    identity = await _identify(request)
    page = convert(dict(request.query_params), Page)
    limit = min(page.limit, request.state["history_page_max"])
    other = request.path_params["other_username"]
    found = await request.state["chat"].history(
        identity.username, other, before=page.before, after=page.after, limit=limit
    )
    links = []
    if found:
        path = request.url.path
        links.append(f'<{path}?before={found[0].id}&limit={limit}>; rel="prev"')
        links.append(f'<{path}?after={found[-1].id}&limit={limit}>; rel="next"')
    return _json(found, {"Link": ", ".join(links)} if links else {})


async def _identify(request: Request[State]) -> Identity:
    token = bearer_token(request.headers.get("authorization"))
    return await request.state["authentication"].authenticate(token)


def _json(body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")


def _checks(request: Request[Any]) -> dict[str, health.Check]:
    state: State = request.state
    return {"store": state["database"].is_alive, "redis": state["bus"].ping}


ROUTES = [
    Route("/api/saved-chats", saved_chats),
    Route("/api/save-chat", save_chat, methods=["POST"]),
    Route("/api/messages/{other_username}", messages),
    *health.routes(_checks),
]
