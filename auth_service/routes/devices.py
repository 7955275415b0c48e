"""The device that a request comes from, and its cookie."""

from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.fair_queue import Place
from auth_service.domain.roles import Actor
from auth_service.domain.session import Device
from auth_service.state import State
from servicekit.authentication import identify

USER_AGENT_LENGTH_MAX = 256
BROWSER_LENGTH_MAX = 64


def device_of(request: Request[State]) -> Device:
    agent = "".join(char for char in request.headers.get("user-agent", "") if char.isprintable())
    browser = request.headers.get("x-parley-browser", "")[:BROWSER_LENGTH_MAX]
    return Device(request.client.host if request.client else "", agent[:USER_AGENT_LENGTH_MAX], browser)


async def actor_of(request: Request[State]) -> Actor:
    """Who asks, and from where. Raises Unauthenticated."""
    bearer = await identify(request)
    return Actor(bearer.username, device_of(request).ip_address)


def place_of(request: Request[State], *, is_known: bool = False) -> Place:
    """In the queue for argon2; who is signed in is known."""
    return device_of(request).place(is_known=is_known)


def without_cookie(request: Request[State], response: Response) -> Response:
    """The session of the cookie has ended."""
    secure = request.url.scheme == "https"
    response.delete_cookie("access_token", httponly=True, samesite="lax", secure=secure)
    return response
