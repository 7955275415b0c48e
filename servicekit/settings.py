"""Settings: the environment, read once into a frozen type, or one clear line and the end of the process."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from servicekit.bus_address import BusAddress
from servicekit.startup_errors import CannotStart, refuse_to_start

METRICS_PORT_OFFSET = 1000
_HOST = re.compile(r"[^\s/?#@\\<>\"\x00-\x20\x7f]+")
LIMIT_MAX = 10**15  # beyond what any machine holds; SQL and clocks can count further than that, but not without end
Limit = Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)]
SwitchableLimit = Annotated[int, msgspec.Meta(ge=0, le=LIMIT_MAX)]  # 0 switches the limit off
ReadTime = Annotated[float, msgspec.Meta(gt=0, le=60)]  # in seconds


class WrongSettings(CannotStart, ValueError):
    """A setting cannot be used; the text names it."""


def _variable_name(field: str) -> str:
    return field.upper() if field == "secret_key" else f"PARLEY_{field.upper()}"


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=_variable_name):
    """What all services share. A field `data_dir` is read from `PARLEY_DATA_DIR`."""

    host: str = "127.0.0.1"
    data_dir: Path = Path("data")
    redis_url: str = "redis://127.0.0.1:6379/0"
    auth_url: str = "http://127.0.0.1:8001"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    json_body_bytes_max: Limit = 64 * 1024
    disk_free_bytes_min: SwitchableLimit = 64 * 1024 * 1024

    def metrics_port_beside(self, port: int) -> int:
        """Of the service on `port`; 0: nowhere."""
        return port + METRICS_PORT_OFFSET if self.metrics_port is None else self.metrics_port

    several_addresses: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        """Raises WrongSettings where an address cannot be one."""
        for field in self.__struct_fields__:
            if field.endswith("_url"):
                try:
                    self._check_url(field, getattr(self, field))
                except ValueError as error:
                    raise WrongSettings(f"{_variable_name(field)}: {error}") from None

    def _check_url(self, field: str, url: str) -> None:
        if field == "redis_url":
            BusAddress(url)
        elif field.endswith("database_url"):
            if url and urlsplit(url).scheme not in {"postgresql", "postgres"}:
                raise WrongSettings("expected postgresql://user:password@host/database")
        elif field == "public_url":
            if url and not is_origin(url.removesuffix("/")):
                raise WrongSettings(f"{url!r}: expected http://host or https://host")
        elif len(addresses(url)) != 1 and field not in self.several_addresses:
            raise WrongSettings(f"{url!r}: expected one address")


class StoreSettings(Settings, frozen=True, kw_only=True):
    """Of a service that has a store."""

    database_url: str = ""  # PostgreSQL's; without one each store is an SQLite file in the data folder

    def store_of(self, service: str, file: str) -> Path | str:
        """Where the service's store is: its schema of a database, or its file in the data folder."""
        url = getattr(self, f"{service}_database_url") or self.database_url
        return f"{url}#{service}" if url else self.data_dir / service / file


AnySettings = TypeVar("AnySettings", bound=Settings)


def load(settings_type: type[AnySettings], environment: Mapping[str, str]) -> AnySettings:
    """Read `settings_type` from `environment`; an empty variable counts as unset.

    Raises WrongSettings, which names the variable.
    """
    given = {name: value for name, value in environment.items() if value}
    try:
        return msgspec.convert(given, settings_type, strict=False, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        found = re.fullmatch(r"(.*) - at `\$\.(\w+)`", str(error))
        if found is None:
            raise WrongSettings(str(error)) from None
        reason, name = found.groups()
        shown = "…" if name == "SECRET_KEY" else repr(given[name])
        raise WrongSettings(f"{name}={shown}: {reason}") from None


def _from_text(wanted: type, text: str) -> Any:
    """What msgspec does not make from a string itself: paths."""
    return wanted(text)


def load_or_exit(settings_type: type[AnySettings], environment: Mapping[str, str]) -> AnySettings:
    """As `load`, but a wrong setting prints its one line and ends the process."""
    try:
        return load(settings_type, environment)
    except WrongSettings as error:
        refuse_to_start(f"wrong setting: {error}")


def addresses(urls: str) -> list[tuple[str, int]]:
    """The (host, port) pairs of a comma-separated list of http URLs, at least one. Raises WrongSettings."""
    return [_address(url.strip()) for url in urls.split(",")]


def is_origin(url: str) -> bool:
    """Whether it is `http://host` or `https://host`, perhaps with a port, and nothing beside (RFC 6454 §6.2)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    shown = f"[{host}]" if ":" in host else host
    plain = shown if port is None else f"{shown}:{port}"
    return (
        parts.scheme in {"http", "https"}
        and _HOST.fullmatch(host) is not None
        and url.lower() == (f"{parts.scheme}://{plain}")
    )


def origin_of(host: str, port: int) -> str:
    """Where a browser on this machine reaches who listens there."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise WrongSettings(f"{url!r}: {error}") from None
    if not host or not url.startswith("http://") or not is_origin(url.removesuffix("/")):
        raise WrongSettings(f"{url!r}: expected http://host:port")
    return host, port or 80
