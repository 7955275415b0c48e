"""Home: everything that one has."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.pages.layout import load_layout
from gateway.pages.page_request import signed_in
from gateway.state import State


async def home(request: Request[State]) -> Response:
    page = await signed_in(request)
    return page.render("home.html", layout=await load_layout(page))
