"""The composition of the video service: what is opened, wired and closed."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from servicekit.database import Database
from servicekit.middleware import BodyLimit, RequestContext
from servicekit.problems import exception_handlers
from servicekit.server import connections, running
from video_service.actions.attendance import Attendance
from video_service.actions.ledger import WRITE_INTERVAL_S, Ledger
from video_service.actions.streams import Streams
from video_service.domain.streams import RETURN_S_MAX
from video_service.feed import Feed
from video_service.pipeline.lens import Lens
from video_service.pipeline.workers import Workers
from video_service.refusals import REFUSALS
from video_service.routes import ROUTES
from video_service.settings import VideoSettings
from video_service.state import State
from video_service.store import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(
    settings: VideoSettings,
    *,
    clock: Callable[[], float] = time.time,
    return_s: float = RETURN_S_MAX,
    write_interval_s: float = WRITE_INTERVAL_S,
) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with _opened(settings, clock, return_s, write_interval_s) as state:
            yield state

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(BodyLimit, bytes_max=settings.json_body_bytes_max)],
        exception_handlers=exception_handlers(REFUSALS),
        lifespan=lifespan,
    )
    return RequestContext(app)  # outermost: faults, too, are counted and carry their id


@asynccontextmanager
async def _opened(
    settings: VideoSettings, clock: Callable[[], float], return_s: float, write_interval_s: float
) -> AsyncIterator[State]:
    database = Database(settings.data_dir / "video" / "streams.db", MIGRATIONS)
    workers = Workers(settings.video_threads or len(os.sched_getaffinity(0)))
    attendance = Attendance(connections_per_person=settings.connections_per_person)
    ledger = Ledger(store=Store(database), clock=clock, interval_s=write_interval_s)
    async with connections(settings, clock) as neighbours:
        streams = Streams(
            feed=Feed(neighbours.bus, return_s=return_s),
            clock=clock,
            streams_max=settings.streams_max,
            watchers_max=settings.watchers_per_stream,
            return_s=return_s,
        )
        neighbours.authentication.on_revoked(attendance.on_revoked)
        async with running(ledger.run(), streams.run()):
            yield State(
                attendance=attendance,
                authentication=neighbours.authentication,
                bus=neighbours.bus,
                clock=clock,
                database=database,
                frames_per_second=settings.frames_per_second,
                ledger=ledger,
                message_bytes_max=settings.video_message_bytes_max,
                new_lens=partial(Lens, pixels_max=settings.frame_pixels_max),
                streams=streams,
                workers=workers,
            )
            streams.close()
        await ledger.write()
    workers.close()
    database.close()
