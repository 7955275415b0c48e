"""Home and search: everything that one has, and how to find more."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.items import Message, Profile
from gateway.pages.explanations import in_short
from gateway.pages.frame import frame, person_of
from gateway.pages.services import Refused, get
from gateway.pages.visits import Visit, signed_in
from gateway.state import State
from servicekit.problems import Unavailable

_PEOPLE_MAX = 20
_NAME_LENGTH_MAX = 64


async def home(request: Request[State]) -> Response:
    visit = await signed_in(request)
    return visit.page("index.html", frame=await frame(visit))


async def search(request: Request[State]) -> Response:
    """People whose names begin so, and messages of one's own conversations that hold the words."""
    visit = await signed_in(request)
    query = request.query_params.get("query", "").strip()
    if not query:
        return _found(visit, await frame(visit), query)
    framed, people, messages = await asyncio.gather(
        frame(visit), _people(visit, query), _messages(visit, query, request.query_params.get("before"))
    )
    error = messages if isinstance(messages, str) else ""
    shown = [] if isinstance(messages, str) else messages
    return _found(visit, framed, query, status=422 if error else 200, people=people, messages=shown, fault=error)


def _found(
    visit: Visit,
    framed: object,
    query: str,
    *,
    status: int = 200,
    people: list[Profile] | None = None,
    messages: list[Message] | None = None,
    fault: str = "",
) -> Response:
    persons = [person_of(profile) for profile in people or []]
    return visit.page(
        "search.html",
        status,
        is_zipped=False,  # a link chooses the query, and private messages stand beside it
        frame=framed,
        query=query,
        people=persons,
        messages=messages or [],
        query_fault=fault,
    )


async def _people(visit: Visit, query: str) -> list[Profile]:
    """Nobody is called by a sentence: what cannot be the beginning of a name finds nobody."""
    if len(query) > _NAME_LENGTH_MAX:
        return []
    try:
        beginning = query.removeprefix("@") or query
        found = await get(visit, "/api/users", list[Profile], {"query": beginning, "limit": _PEOPLE_MAX})
    except Refused:
        return []
    return [profile for profile in found if profile.username != visit.username]


async def _messages(visit: Visit, query: str, before: str | None) -> list[Message] | str:
    """What was found, or why nothing could be looked for."""
    try:
        return await get(visit, "/api/search-messages", list[Message], {"query": query, "before": before})
    except Refused as refused:
        if refused.status >= 500:
            raise Unavailable(str(refused)) from None
        return in_short(refused.problem, visit.say)
