"""Oneself: the way to one's settings, the theme and the door."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.layout import load_layout
from gateway.pages.page_request import signed_in
from gateway.state import State


async def you(request: Request[State]) -> Response:
    """Scripts fetch it for the list of conversations, too: no page asks the services for less."""
    page = await signed_in(request)
    return page.render("you.html", layout=await load_layout(page))
