"""Routes: one for all methods of a path."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request[Any]], Awaitable[Response]]


def route(path: str, **endpoints: Endpoint) -> Route:
    """`path` with an endpoint for each method (`GET=…`, which also answers HEAD).

    Starlette takes a route for each method too, but its 405 then names only the first's (RFC 9110 §15.5.6).
    """

    async def endpoint(request: Request[Any]) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(endpoints))
