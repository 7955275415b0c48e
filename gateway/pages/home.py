"""Home: everything that one has."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.layout import load_layout
from gateway.pages.mentions import load_latest
from gateway.pages.page_request import signed_in
from gateway.state import State


async def home(request: Request[State]) -> Response:
    page = await signed_in(request)
    layout, mentions = await asyncio.gather(load_layout(page), load_latest(page))
    return page.render("home.html", layout=layout, mentions=mentions)
