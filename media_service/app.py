"""The composition root: opens everything the media service works with, and closes it again."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from media_service import routes
from media_service.settings import MediaSettings
from media_service.state import State
from servicekit.database import Database
from servicekit.middleware import BodyLimit, RequestContext
from servicekit.problems import exception_handlers
from servicekit.server import connections

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(settings: MediaSettings, *, clock: Callable[[], float] = time.time) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        path = settings.data_dir / "media" / "files.db"
        with closing(Database(path, MIGRATIONS)) as database:
            async with connections(settings, clock) as neighbours:
                yield State(database=database, bus=neighbours.bus)

    app = Starlette(
        routes=routes.routes(),
        exception_handlers=exception_handlers({}),
        middleware=[Middleware(BodyLimit, bytes_max=settings.json_body_bytes_max)],
        lifespan=lifespan,
    )
    return RequestContext(app)  # outermost: faults, too, are counted and carry their id
