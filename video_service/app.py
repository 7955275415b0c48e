"""The composition of the video service: what is opened, wired and closed."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
from starlette.types import ASGIApp

from servicekit.application import application
from servicekit.database import Database
from servicekit.peers import Peer
from servicekit.server import connections, running
from video_service.actions.attendance import Attendance
from video_service.actions.audiences import ASK_INTERVAL_S, UNASKED_S_MAX, Audiences
from video_service.actions.broadcasts import INTEREST_S_MAX, UNBOUND_S_MAX, Broadcast
from video_service.actions.ledger import WRITE_INTERVAL_S, Ledger
from video_service.actions.replicas import copy_profiles
from video_service.actions.screens import PICTURE_WAIT_S_MAX, Screens
from video_service.actions.streams import LOOK_INTERVAL_S, Streams
from video_service.domain.streams import RETURN_S_MAX
from video_service.feed import RENEWED_MS_MAX, Feed
from video_service.mjpeg import UNREAD_S_MAX
from video_service.peers import PROFILES_NEWS, Peers
from video_service.pipeline.lens import Lens
from video_service.pipeline.workers import Workers
from video_service.refusals import REFUSALS
from video_service.routes import ROUTES
from video_service.settings import VideoSettings
from video_service.state import State
from video_service.store import Store

MIGRATIONS = Path(__file__).parent / "migrations"


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long the service waits: for who may come back, for news, for a picture, and to look or write again."""

    return_s: float = RETURN_S_MAX
    renewed_ms_max: int = RENEWED_MS_MAX
    interest_s_max: float = INTEREST_S_MAX
    unbound_s_max: float = UNBOUND_S_MAX
    look_interval_s: float = LOOK_INTERVAL_S
    picture_wait_s_max: float = PICTURE_WAIT_S_MAX
    mjpeg_unread_s_max: float = UNREAD_S_MAX
    write_interval_s: float = WRITE_INTERVAL_S
    ask_interval_s: float = ASK_INTERVAL_S
    unasked_s_max: float = UNASKED_S_MAX


USUAL_WAITS = Waits()


def store_path(settings: VideoSettings) -> Path:
    return settings.data_dir / "video" / "streams.db"


def create_app(
    settings: VideoSettings,
    *,
    clock: Callable[[], float] = time.time,
    waits: Waits = USUAL_WAITS,
    new_feed: Callable[..., Feed] = Feed,
    new_lens: Callable[..., Lens] = Lens,
) -> ASGIApp:
    return application(
        routes=ROUTES,
        refusals=REFUSALS,
        body_bytes_max=settings.json_body_bytes_max,
        opened=lambda: _opened(settings, clock, waits, new_feed, new_lens),
    )


@asynccontextmanager
async def _opened(
    settings: VideoSettings,
    clock: Callable[[], float],
    waits: Waits,
    new_feed: Callable[..., Feed],
    new_lens: Callable[..., Lens],
) -> AsyncIterator[State]:
    database = Database(store_path(settings), MIGRATIONS, disk_free_bytes_min=settings.disk_free_bytes_min)
    workers = Workers(settings.video_threads or len(os.sched_getaffinity(0)))
    attendance = Attendance(connections_per_person=settings.connections_per_person)
    store = Store(database)
    ledger = Ledger(store=store, clock=clock, interval_s=waits.write_interval_s)
    async with connections(settings, clock) as opened:
        peers = Peers(auth=Peer(opened.http, settings.auth_url), chat=Peer(opened.http, settings.chat_url))
        profiles = copy_profiles(store, peers, database)
        feed = new_feed(opened.bus, return_s=waits.return_s, renewed_ms_max=waits.renewed_ms_max)
        audiences = Audiences(peers=peers, unasked_s_max=waits.unasked_s_max)
        broadcasts: dict[str, Broadcast] = {}
        screens = Screens(
            feed=feed,
            audiences=audiences,
            broadcasts=broadcasts,
            watchers_max=settings.watchers_per_stream,
            return_s=waits.return_s,
            picture_wait_s_max=waits.picture_wait_s_max,
        )
        streams = Streams(
            feed=feed,
            audiences=audiences,
            screens=screens,
            broadcasts=broadcasts,
            clock=clock,
            streams_max=settings.streams_max,
            return_s=waits.return_s,
            interest_s_max=waits.interest_s_max,
            unbound_s_max=waits.unbound_s_max,
            look_interval_s=waits.look_interval_s,
            ask_interval_s=waits.ask_interval_s,
        )
        opened.authentication.on_revoked(attendance.on_revoked)
        opened.bus.on_connected(profiles.tell_of_news)
        async with running(ledger.run(), streams.run(), streams.run_audiences(), profiles.run()):
            await opened.bus.subscribe(PROFILES_NEWS, lambda _: profiles.tell_of_news())
            yield State(
                attendance=attendance,
                authentication=opened.authentication,
                bus=opened.bus,
                clock=clock,
                database=database,
                frames_per_second=settings.frames_per_second,
                ledger=ledger,
                message_bytes_max=settings.video_message_bytes_max,
                mjpeg_unread_s_max=waits.mjpeg_unread_s_max,
                new_lens=partial(new_lens, pixels_max=settings.frame_pixels_max),
                screens=screens,
                streams=streams,
                workers=workers,
            )
            streams.close()
        await ledger.write()
    workers.close()
    database.close()
