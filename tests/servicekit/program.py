"""A service as small as can be, for tests of `servicekit.server` in a process of its own."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from servicekit import health
from servicekit.bodies import read_json
from servicekit.middleware import RequestContext
from servicekit.server import connections, running, serve
from servicekit.settings import Settings, load_or_exit


async def _address(request: Request[Any]) -> PlainTextResponse:
    await read_json(request, dict)
    assert request.client is not None
    return PlainTextResponse(request.client.host)


def main() -> None:
    settings = load_or_exit(Settings, os.environ)

    async def fail_when_told(told: asyncio.Event) -> None:
        await told.wait()
        raise LookupError("as the test wants it")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
        async with connections(settings, time.time) as opened, running(fail_when_told(told)):
            yield {"opened": opened}

    def checks(request: Request[Any]) -> dict[str, health.Check]:
        return {"redis": request.state.opened.bus.ping}

    routes = [*health.routes(checks), Route("/address", _address, methods=["POST"])]
    app = RequestContext(Starlette(routes=routes, lifespan=lifespan))
    serve("tiny", app, settings, port=int(os.environ["TINY_PORT"]))


if __name__ == "__main__":
    main()
