"""Home: the inbox, with what waits for the reader, who is here, and where one may go."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Stream
from gateway.domain.inbox import FILTERS, FirstSteps, first_steps, unread_mentions
from gateway.pages.layout import Layout, load_layout
from gateway.pages.mentions import load_latest
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.service_client import find
from gateway.state import State

_STREAMS_MAX = 4


async def home(request: Request[State]) -> Response:
    """Without `show`, the filter, a phone shows the list of conversations alone; with `make` a form is open."""
    return await show_home(await signed_in(request))


async def show_home(page: PageRequest, status: int = 200, **context: Any) -> Response:
    """`context` is what was typed into a form of the page, and why it was refused."""
    layout, latest, streams = await asyncio.gather(
        load_layout(page), load_latest(page), find(page, "/api/video/streams", list[Stream], [])
    )
    counts = {one.conversation.label: one.mentions for one in layout.conversations}
    query = page.request.query_params
    asked = query.get("show")
    return page.render(
        "home.html",
        status,
        layout=layout,
        show=asked if asked in FILTERS else "all" if status != 200 else "list",
        mentions=unread_mentions(latest, counts),
        steps=_steps(page, layout),
        streams=streams[:_STREAMS_MAX],
        makes_room="make" in query or status != 200,
        **{"room_error": ""} | context,
    )


def _steps(page: PageRequest, layout: Layout) -> FirstSteps | None:
    """Of the owner alone. Everybody is in the lobby, unless they have left it."""
    if layout.profile.role != "owner":
        return None
    return first_steps(page.instance, people_count=max((room.members_count for room in layout.rooms), default=0))
