"""What the lifespan gives to every request and socket."""

from collections.abc import Callable
from typing import Any, TypedDict

from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.connection_counts import ConnectionCounts
from servicekit.database import Database
from servicekit.list_replica import ListReplica
from video_service.actions.open_connections import OpenConnections
from video_service.actions.published_streams import PublishedStreams
from video_service.actions.stream_log import StreamLog
from video_service.actions.watched_streams import WatchedStreams
from video_service.pipeline.frame_processor import FrameProcessor
from video_service.pipeline.workers import Workers


class State(TypedDict):
    authentication: Authentication
    bus: Bus
    clock: Callable[[], float]
    connection_counts: ConnectionCounts
    database: Database
    frames_per_second: int
    stream_log: StreamLog
    message_bytes_max: int
    mjpeg_unread_s_max: float
    new_frame_processor: Callable[[], FrameProcessor]
    open_connections: OpenConnections
    profiles: ListReplica[Any]
    watched_streams: WatchedStreams
    published_streams: PublishedStreams
    replicas: tuple[ListReplica[Any], ...]
    workers: Workers
