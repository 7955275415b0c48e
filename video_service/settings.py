"""What the environment may say to the video service."""

from servicekit.settings import Settings


class VideoSettings(Settings, frozen=True, kw_only=True):
    video_url: str = "http://127.0.0.1:8004"
