"""The HTTP interface."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import Route

from media_service.state import State
from servicekit import health


def routes() -> list[Route]:
    return health.routes(_checks)


def _checks(request: Request[State]) -> Mapping[str, health.Check]:
    return {"store": request.state["database"].is_alive, "redis": request.state["bus"].ping}
