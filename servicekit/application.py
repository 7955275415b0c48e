"""The application of a service: its routes and refusals, what every request passes, and what it holds open."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from servicekit.middleware import BodyLimit, RequestContext
from servicekit.problems import RefusalTable, exception_handlers


class Application(Starlette):
    """An application whose paths are what they are: none leads, over the host that the client named, to another."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.router.redirect_slashes = False


def application(
    *,
    routes: Sequence[BaseRoute],
    refusals: RefusalTable,
    body_bytes_max: int,
    opened: Callable[[], AbstractAsyncContextManager[Any]],
) -> ASGIApp:
    """What a service serves. `opened()` gives the state of its requests and sockets, for as long as it runs."""
    app = Application(
        routes=routes,
        middleware=[Middleware(BodyLimit, bytes_max=body_bytes_max)],
        exception_handlers=exception_handlers(refusals),
        lifespan=lambda _: opened(),
    )
    return RequestContext(app)  # outermost: faults, too, are counted and carry their id
