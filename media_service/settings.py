"""What the environment may say to the media service."""

from servicekit.settings import Settings


class MediaSettings(Settings, frozen=True, kw_only=True):
    media_url: str = "http://127.0.0.1:8003"
