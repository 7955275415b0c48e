"""The chat service as an application: what is opened, started and closed."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.types import ASGIApp

from chat_service.composition import Composition
from chat_service.peers import DELETED_FILES_CHANNEL, ORDERS_CHANNEL, PROFILES_CHANNEL
from chat_service.refusals import REFUSALS
from chat_service.routes import ROUTES
from chat_service.settings import USUAL_WAITS, ChatSettings, Waits
from chat_service.state import State
from servicekit.application import application
from servicekit.engines import open_database
from servicekit.server import connections, running

MIGRATIONS = Path(__file__).parent / "migrations"


def create_app(
    settings: ChatSettings,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    waits: Waits = USUAL_WAITS,
) -> ASGIApp:
    return application(
        routes=ROUTES,
        refusals=REFUSALS,
        body_bytes_max=settings.json_body_bytes_max,
        opened=lambda: _opened(settings, clock, monotonic, waits),
    )


@asynccontextmanager
async def _opened(
    settings: ChatSettings, clock: Callable[[], float], monotonic: Callable[[], float], waits: Waits
) -> AsyncIterator[State]:
    opening = open_database(
        settings.store_of("chat", "chat.db"),
        MIGRATIONS,
        disk_free_bytes_min=settings.disk_free_bytes_min,
        long_reads=settings.long_reads,
    )
    async with opening as database, connections(settings, clock) as opened:
        chat = Composition(settings, database, opened, clock, monotonic, waits)
        opened.authentication.on_revoked(chat.sockets.end_session)
        chat.people.following.on_forgotten(chat.sockets.close_all)
        async with running(*chat.background()):
            async with running(chat.write()):
                await chat.people.following.listen(opened.bus, PROFILES_CHANNEL)
                await chat.deleted_files.listen(opened.bus, DELETED_FILES_CHANNEL)
                await chat.orders.listen(opened.bus, ORDERS_CHANNEL)
                yield chat.state(settings, clock, waits)
            await chat.close()
