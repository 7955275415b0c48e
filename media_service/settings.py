"""What the environment may say to the media service."""

from typing import ClassVar, Literal

from servicekit.settings import Limit, StoreSettings


class MediaSettings(StoreSettings, frozen=True, kw_only=True):
    media_database_url: str = ""  # in place of `database_url`
    media_url: str = "http://127.0.0.1:8003"
    chat_url: str = "http://127.0.0.1:8002"
    upload_file_bytes_max: Limit = 100 * 1024 * 1024
    picture_bytes_max: Limit = 10 * 1024 * 1024
    upload_files_max: Limit = 20
    stored_bytes_per_person: Limit = 1024 * 1024 * 1024
    stored_files_per_person: Limit = 10_000
    picture_pixels_max: Limit = 50_000_000
    picture_s_max: Limit = 20
    files_page_max: Limit = 200
    remote_avatars: Literal["proxy", "direct", "off"] = "proxy"
    remote_avatar_bytes_max: Limit = 2 * 1024 * 1024
    remote_avatar_s_max: Limit = 10
    remote_avatars_at_once: Limit = 16
    remote_avatars_at_once_per_person: Limit = 4

    several_addresses: ClassVar[frozenset[str]] = frozenset({"chat_url"})
