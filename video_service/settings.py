"""The settings of the video service."""

from typing import ClassVar

from servicekit.settings import Limit, StoreSettings, SwitchableLimit


class VideoSettings(StoreSettings, frozen=True, kw_only=True):
    video_database_url: str = ""  # in place of `database_url`
    chat_url: str = "http://127.0.0.1:8002"
    video_url: str = "http://127.0.0.1:8004"
    video_threads: SwitchableLimit = 0
    video_message_bytes_max: Limit = 4 * 1024 * 1024
    frame_pixels_max: Limit = 16_000_000
    frames_per_second: SwitchableLimit = 60
    watchers_per_stream: Limit = 100
    streams_max: Limit = 50
    connections_per_person: SwitchableLimit = 20

    several_addresses: ClassVar[frozenset[str]] = frozenset({"chat_url"})
