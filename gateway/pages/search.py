"""Search: people and rooms by parts of their names, and messages of one's own conversations."""

import asyncio
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Profile, Room
from gateway.domain.numbers import whole_number
from gateway.domain.search_view import SearchHit, name, part_of_name
from gateway.pages.error_messages import in_short
from gateway.pages.history import load_people
from gateway.pages.layout import load_layout
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.service_client import Refused, get
from gateway.state import State
from servicekit.problems import Unavailable

_NAMES_MAX = 12  # people, and rooms
_HITS_PAGE = 25
Named = TypeVar("Named", Profile, Room)


async def search(request: Request[State]) -> Response:
    page = await signed_in(request)
    query = request.query_params.get("query", "").strip()
    before = whole_number(request.query_params.get("before"))
    part = "" if before else part_of_name(query, "@")
    room_part = "" if before else part_of_name(query, "#")
    layout, people, rooms, (hits, error) = await asyncio.gather(
        load_layout(page),
        _find_named(page, "/api/people", Profile, part),
        _find_named(page, "/api/rooms", Room, room_part),
        _find_messages(page, query, before),
    )
    return page.render(
        "search.html",
        422 if error else 200,
        may_compress=False,  # a link chooses the query, and private messages stand beside it
        layout=layout,
        query=query,
        found_people=[one.person for one in people if one.username != page.username],
        found_rooms=rooms,
        hits=hits,
        senders=await load_people(page, layout, {hit.sender_username for hit in hits}),
        next_before=hits[-1].id if len(hits) == _HITS_PAGE else None,
        is_further=before is not None,
        query_error=error,
        marked=lambda text: name(text, part or room_part),
    )


async def _find_named(page: PageRequest, path: str, kind: type[Named], part: str) -> list[Named]:
    if not part:
        return []
    try:
        return await get(page, path, list[kind], {"query": part, "limit": _NAMES_MAX})  # type: ignore[valid-type]
    except Refused:  # too many at once, say: what else there is, is shown
        return []


async def _find_messages(page: PageRequest, query: str, before: int | None) -> tuple[list[SearchHit], str]:
    """What was found, and why nothing could be looked for."""
    if not query:
        return [], ""
    try:
        wanted = {"query": query, "before": before, "limit": _HITS_PAGE}
        return await get(page, "/api/search-messages", list[SearchHit], wanted), ""
    except Refused as refused:
        if refused.status >= 500:
            raise Unavailable(str(refused)) from None
        return [], in_short(refused.problem, page.gettext)
