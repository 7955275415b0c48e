"""The composition of the video service: what is opened, wired and closed."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import msgspec
from starlette.types import ASGIApp

from servicekit.application import application
from servicekit.connection_counts import LEASE_S, ConnectionCounts
from servicekit.engines import open_database
from servicekit.peers import Peer
from servicekit.server import connections, running
from servicekit.startup_errors import require_library
from video_service.actions.audiences import ASK_INTERVAL_S, UNASKED_S_MAX, Audiences
from video_service.actions.list_followers import copy_profiles
from video_service.actions.open_connections import OpenConnections
from video_service.actions.published_stream import INTEREST_S_MAX, UNBOUND_S_MAX, PublishedStream
from video_service.actions.published_streams import LOOK_INTERVAL_S, PublishedStreams
from video_service.actions.stream_log import WRITE_INTERVAL_S, StreamLog
from video_service.actions.watched_streams import PICTURE_WAIT_S_MAX, WatchedStreams
from video_service.domain.refusals import TooManyConnections
from video_service.domain.streams import RETURN_S_MAX
from video_service.feed import RENEWED_MS_MAX, Feed
from video_service.mjpeg import UNREAD_S_MAX
from video_service.peers import PROFILES_CHANNEL, Peers
from video_service.pipeline.frame_processor import FrameProcessor
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
    connection_lease_s: float = LEASE_S


USUAL_WAITS = Waits()


def create_app(
    settings: VideoSettings,
    *,
    clock: Callable[[], float] = time.time,
    waits: Waits = USUAL_WAITS,
    new_feed: Callable[..., Feed] = Feed,
    new_frame_processor: Callable[..., FrameProcessor] = FrameProcessor,
) -> ASGIApp:
    return application(
        routes=ROUTES,
        refusals=REFUSALS,
        body_bytes_max=settings.json_body_bytes_max,
        opened=lambda: _opened(settings, clock, waits, new_feed, new_frame_processor),
    )


@asynccontextmanager
async def _opened(
    settings: VideoSettings,
    clock: Callable[[], float],
    waits: Waits,
    new_feed: Callable[..., Feed],
    new_frame_processor: Callable[..., FrameProcessor],
) -> AsyncIterator[State]:
    require_library("cv2")
    workers = Workers(settings.video_threads or len(os.sched_getaffinity(0)))
    open_connections = OpenConnections()
    opening = open_database(
        settings.store_of("video", "streams.db"), MIGRATIONS, disk_free_bytes_min=settings.disk_free_bytes_min
    )
    with closing(workers):
        async with opening as database, connections(settings, clock) as opened:
            store = Store(database)
            stream_log = StreamLog(store=store, clock=clock, interval_s=waits.write_interval_s)
            peers = Peers(auth=Peer(opened.http, settings.auth_url), chat=Peer(opened.http, settings.chat_url))
            feed = new_feed(opened.bus, return_s=waits.return_s, renewed_ms_max=waits.renewed_ms_max)
            watched_streams, published_streams = _streams(settings, clock, waits, feed, peers)
            profiles = copy_profiles(store, peers, database)
            connection_counts = ConnectionCounts(
                bus=opened.bus,
                service="video",
                per_person_max=settings.connections_per_person,
                refusal=TooManyConnections,
                lease_s=waits.connection_lease_s,
            )
            opened.authentication.on_revoked(open_connections.on_revoked)
            profiles.on_forgotten(open_connections.turn_all_away)
            await profiles.listen(opened.bus, PROFILES_CHANNEL)
            async with running(
                stream_log.run(),
                stream_log.run_closing(),
                published_streams.run(),
                published_streams.run_audiences(),
                profiles.run(),
                connection_counts.run(),
            ):
                yield State(
                    authentication=opened.authentication,
                    bus=opened.bus,
                    clock=clock,
                    connection_counts=connection_counts,
                    database=database,
                    frames_per_second=settings.frames_per_second,
                    stream_log=stream_log,
                    message_bytes_max=settings.video_message_bytes_max,
                    mjpeg_unread_s_max=waits.mjpeg_unread_s_max,
                    new_frame_processor=partial(new_frame_processor, pixels_max=settings.frame_pixels_max),
                    open_connections=open_connections,
                    profiles=profiles,
                    watched_streams=watched_streams,
                    published_streams=published_streams,
                    replicas=(profiles,),
                    workers=workers,
                )
                published_streams.close()
                connection_counts.close()
            await stream_log.write()


def _streams(
    settings: VideoSettings, clock: Callable[[], float], waits: Waits, feed: Feed, peers: Peers
) -> tuple[WatchedStreams, PublishedStreams]:
    audiences = Audiences(peers=peers, unasked_s_max=waits.unasked_s_max)
    published: dict[str, PublishedStream] = {}
    watched_streams = WatchedStreams(
        feed=feed,
        audiences=audiences,
        published=published,
        watchers_max=settings.watchers_per_stream,
        return_s=waits.return_s,
        picture_wait_s_max=waits.picture_wait_s_max,
    )
    published_streams = PublishedStreams(
        feed=feed,
        audiences=audiences,
        watched_streams=watched_streams,
        published=published,
        clock=clock,
        streams_max=settings.streams_max,
        return_s=waits.return_s,
        interest_s_max=waits.interest_s_max,
        unbound_s_max=waits.unbound_s_max,
        look_interval_s=waits.look_interval_s,
        ask_interval_s=waits.ask_interval_s,
    )
    return watched_streams, published_streams
