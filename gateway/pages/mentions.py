"""The inbox: what was said to the reader by name."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.api_types import Message
from gateway.pages.layout import load_layout
from gateway.pages.lists import get_list
from gateway.pages.page_request import PageRequest, signed_in
from gateway.pages.service_client import find
from gateway.state import State

PATH = "/api/mentions"
_PAGE = 50
_LATEST_MAX = 50


async def mentions(request: Request[State]) -> Response:
    page = await signed_in(request)
    query = {"before": request.query_params.get("before"), "limit": _PAGE}
    layout, (found, next_query) = await asyncio.gather(
        load_layout(page), get_list(page, PATH, Message, query, ("before",))
    )
    return page.render("mentions.html", layout=layout, mentions=found, next_query=next_query)


async def load_latest(page: PageRequest) -> list[Message]:
    """Nothing where they cannot be had."""
    return await find(page, PATH, list[Message], [], {"limit": _LATEST_MAX})
