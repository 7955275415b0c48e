"""What the lifespan gives to every request and socket."""

from collections.abc import Callable
from typing import TypedDict

from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.database import Database
from video_service.actions.attendance import Attendance
from video_service.actions.ledger import Ledger
from video_service.actions.screens import Screens
from video_service.actions.streams import Streams
from video_service.pipeline.lens import Lens
from video_service.pipeline.workers import Workers


class State(TypedDict):
    attendance: Attendance
    authentication: Authentication
    bus: Bus
    clock: Callable[[], float]
    database: Database
    frames_per_second: int
    ledger: Ledger
    message_bytes_max: int
    mjpeg_unread_s_max: float
    new_lens: Callable[[], Lens]
    screens: Screens
    streams: Streams
    workers: Workers
