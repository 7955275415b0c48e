"""The settings of the gateway."""

from ipaddress import ip_network
from typing import Annotated, ClassVar, Literal

import msgspec

from servicekit.settings import Limit, Settings, SwitchableLimit, WrongSettings, is_origin, origin_of

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class GatewaySettings(Settings, frozen=True, kw_only=True):
    """`chat_url` may list several addresses; origins and proxies are lists too, separated by commas."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000
    chat_url: str = "http://127.0.0.1:8002"
    media_url: str = "http://127.0.0.1:8003"
    video_url: str = "http://127.0.0.1:8004"
    allowed_origins: str = ""
    trusted_proxies: str = ""
    public_url: str = ""
    remote_avatars: Literal["proxy", "direct", "off"] = "proxy"
    # Chat and media enforce these; pages tell them to their scripts.
    message_length_max: Annotated[int, msgspec.Meta(ge=1, le=16_000)] = 4_000
    upload_file_bytes_max: Limit = 100 * 1024 * 1024
    picture_bytes_max: Limit = 10 * 1024 * 1024
    several_addresses: ClassVar[frozenset[str]] = frozenset({"chat_url"})
    connect_timeout_s: Seconds = 2.0
    answer_timeout_s: Seconds = 30.0
    sign_ins_per_minute_username: SwitchableLimit = 5
    sign_ins_per_minute_address: SwitchableLimit = 30
    registrations_per_hour_address: SwitchableLimit = 20
    links_per_minute_address: SwitchableLimit = 30
    connections_per_address: SwitchableLimit = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        if "*" in self.origins:  # any site could read what the cookie lets it read
            raise WrongSettings("PARLEY_ALLOWED_ORIGINS: expected addresses, not '*'")
        if wrong := sorted(origin for origin in self.origins if not is_origin(origin)):  # no page could have it
            raise WrongSettings(f"PARLEY_ALLOWED_ORIGINS: {wrong[0]!r}: expected http://host or https://host")
        try:
            networks = [ip_network(one.strip()) for one in self.trusted_proxies.split(",") if one.strip() != "*"]
        except ValueError as error:
            networks = []
            if self.trusted_proxies.strip():
                raise WrongSettings(f"PARLEY_TRUSTED_PROXIES: {error}") from None
        if networks and "*" in self.trusted_proxies:
            raise WrongSettings("PARLEY_TRUSTED_PROXIES: '*' is everyone, and stands alone")

    @property
    def address_for_people(self) -> str:
        return self.public_url or origin_of(self.host, self.port)

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(origin.strip().rstrip("/") for origin in self.allowed_origins.split(",") if origin.strip())
