"""Routes: one for all methods of a path, and ids in it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request[Any]], Awaitable[Response]]


class IdConvertor(IntegerConvertor):
    """`{name:id}`: the number of a row. What no row can have is no path: SQLite's numbers end at 2^63."""

    regex = "[0-9]{1,18}"


register_url_convertor("id", IdConvertor())


class MethodsRoute(Route):
    """A path with an endpoint for each method; that of GET also answers HEAD, where HEAD has none of its own.

    Starlette takes a route for each method too, but its 405 then names only the first's (RFC 9110 §15.5.6).
    """

    def __init__(self, path: str, endpoints: Mapping[str, Endpoint]) -> None:
        async def endpoint(request: Request[Any]) -> Response:
            found = endpoints.get(request.method)
            return await (found or endpoints["GET"])(request)

        super().__init__(path, endpoint, methods=list(endpoints))
        self.endpoints = endpoints

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every route, and OPTIONS with what may be done here, which is no secret (RFC 9110 §9.3.7)."""
        if scope["method"] != "OPTIONS" or "OPTIONS" in self.endpoints:
            await super().handle(scope, receive, send)
            return
        allow = ", ".join(sorted({*(self.methods or ()), "OPTIONS"}))
        await Response(status_code=204, headers={"Allow": allow})(scope, receive, send)


def route(path: str, **endpoints: Endpoint) -> MethodsRoute:
    """`path` with an endpoint for each method (`GET=…`)."""
    return MethodsRoute(path, endpoints)
