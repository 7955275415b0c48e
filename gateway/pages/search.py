"""Search: people whose names begin so, and messages of one's own conversations that hold the words."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Message, Profile
from gateway.domain.people import Person
from gateway.pages.error_messages import in_short
from gateway.pages.layout import load_layout
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.service_client import Refused, get
from gateway.state import State
from servicekit.problems import Unavailable

_PEOPLE_MAX = 20
_NAME_LENGTH_MAX = 64


async def search(request: Request[State]) -> Response:
    page = await signed_in(request)
    query = request.query_params.get("query", "").strip()
    layout, people, (messages, error) = await asyncio.gather(
        load_layout(page), _find_people(page, query), _find_messages(page, query, request.query_params.get("before"))
    )
    return page.render(
        "search.html",
        422 if error else 200,
        may_compress=False,  # a link chooses the query, and private messages stand beside it
        layout=layout,
        query=query,
        people=people,
        messages=messages,
        query_error=error,
    )


async def _find_people(page: PageRequest, query: str) -> list[Person]:
    """Nobody is called by a sentence: what cannot be part of a name finds nobody."""
    if not 0 < len(query) <= _NAME_LENGTH_MAX:
        return []
    part = query.removeprefix("@") or query
    try:
        found = await get(page, "/api/people", list[Profile], {"query": part, "limit": _PEOPLE_MAX})
    except Refused:
        return []
    return [profile.person for profile in found if profile.username != page.username]


async def _find_messages(page: PageRequest, query: str, before: str | None) -> tuple[list[Message], str]:
    """What was found, and why nothing could be looked for."""
    if not query:
        return [], ""
    try:
        return await get(page, "/api/search-messages", list[Message], {"query": query, "before": before}), ""
    except Refused as refused:
        if refused.status >= 500:
            raise Unavailable(str(refused)) from None
        return [], in_short(refused.problem, page.gettext)
