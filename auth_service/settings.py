"""What the environment may say to the auth service."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import msgspec

from auth_service.domain.instance import Registration
from auth_service.domain.rules import Rules
from servicekit.settings import (
    Limit,
    ReadTime,
    StoreSettings,
    SwitchableLimit,
    WrongSettings,
    is_origin,
    origin_of,
)

TOKEN_LIFETIME_S_MAX = 10 * 366 * 24 * 3600


class AuthSettings(StoreSettings, frozen=True, kw_only=True):
    # The signing key follows from it, so it must be hard to guess. Without one the service makes its own.
    secret_key: Annotated[str, msgspec.Meta(min_length=16)] | None = None
    chat_url: str = "http://127.0.0.1:8002"
    media_url: str = "http://127.0.0.1:8003"
    auth_database_url: str = ""  # in place of `database_url`
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000  # the gateway's
    public_url: str = ""
    domain: str = ""
    registration: Registration = "open"
    invitations_per_hour: SwitchableLimit = 30
    bans_per_hour: SwitchableLimit = 30
    profile_changes_per_hour: SwitchableLimit = 120
    token_lifetime_s: Annotated[int, msgspec.Meta(ge=1, le=TOKEN_LIFETIME_S_MAX)] = 7 * 24 * 3600
    username_length_min: Limit = 3
    username_length_max: Limit = 32
    password_length_min: Limit = 8
    password_length_max: Limit = 256
    nickname_length_max: Limit = 64
    email_length_max: Limit = 254
    avatar_url_length_max: Limit = 2048
    users_found_max: Limit = 50
    sessions_listed_max: Limit = 100
    passwords_waiting_max: Limit = 64
    long_reads_per_person: Limit = 4
    long_read_s_max: ReadTime = 5.0

    several_addresses: ClassVar[frozenset[str]] = frozenset({"chat_url"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.domain and not is_origin(f"https://{self.domain}"):
            raise WrongSettings(f"PARLEY_DOMAIN={self.domain!r}: expected the name of a host")
        for name in ("username", "password"):
            if getattr(self, f"{name}_length_min") > getattr(self, f"{name}_length_max"):
                limit = f"PARLEY_{name.upper()}_LENGTH"
                raise WrongSettings(f"{limit}_MIN is above {limit}_MAX")

    @property
    def address_for_people(self) -> str:
        """What links begin with; never what a request says."""
        return self.public_url or (f"https://{self.domain}" if self.domain else origin_of(self.host, self.port))

    def rules(self, *, is_common_password: Callable[[str], bool]) -> Rules:
        return Rules(
            username_length_min=self.username_length_min,
            username_length_max=self.username_length_max,
            password_length_min=self.password_length_min,
            password_length_max=self.password_length_max,
            nickname_length_max=self.nickname_length_max,
            email_length_max=self.email_length_max,
            avatar_url_length_max=self.avatar_url_length_max,
            users_found_max=self.users_found_max,
            is_common_password=is_common_password,
        )
