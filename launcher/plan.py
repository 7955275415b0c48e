"""The plan: which programs make up Parley, what each is told, and where it listens."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Annotated, ClassVar

import msgspec

from servicekit import settings

Address = tuple[str, int]
# How far above the gateway's port a service listens that has no address of its own; metrics are 1,000 above each.
_PORTS_ABOVE = {"PARLEY_AUTH_URL": 1, "PARLEY_CHAT_URL": 2, "PARLEY_MEDIA_URL": 3, "PARLEY_VIDEO_URL": 4}
_PORTS_WITH_ROOM_ABOVE = range(1_024, 64_000)


class Settings(settings.Settings, frozen=True, kw_only=True):
    """What the launcher itself reads; the services find the rest in their environment."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000
    chat_url: str = "http://127.0.0.1:8002"
    media_url: str = "http://127.0.0.1:8003"
    video_url: str = "http://127.0.0.1:8004"
    several_addresses: ClassVar[frozenset[str]] = frozenset({"chat_url"})


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process, and how to start it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Service(Program):
    """Where it listens, and the setting that moves its port."""

    address: Address
    setting: str

    @property
    def module(self) -> str:
        """What its command has Python run."""
        return self.command[-1]


def services(chosen: Settings, *, environment: Mapping[str, str], redis_url: str, chat_instances: int) -> list[Service]:
    """The five services, the gateway last, with `chat_instances` of chat or as many as its setting lists.

    Those whose addresses `environment` does not set follow the gateway's port, so that a second Parley on the machine
    needs only another port of the gateway.

    Raises WrongSettings when an address is not `http://host:port`.
    """

    def placed(setting: str, url: str) -> str:
        return url if environment.get(setting) else _beside(chosen.port, setting) or url

    auth = _only_address("PARLEY_AUTH_URL", placed("PARLEY_AUTH_URL", chosen.auth_url))
    media = _only_address("PARLEY_MEDIA_URL", placed("PARLEY_MEDIA_URL", chosen.media_url))
    video = _only_address("PARLEY_VIDEO_URL", placed("PARLEY_VIDEO_URL", chosen.video_url))
    chats = _addresses("PARLEY_CHAT_URL", placed("PARLEY_CHAT_URL", chosen.chat_url))
    gateway = (chosen.host, chosen.port)
    chats += islice(_further(chats, [auth, media, video, gateway]), max(0, chat_instances - len(chats)))
    common = {
        **environment,
        "PARLEY_PORT": str(chosen.port),
        "PARLEY_AUTH_URL": _url(auth),
        "PARLEY_CHAT_URL": ",".join(map(_url, chats)),
        "PARLEY_MEDIA_URL": _url(media),
        "PARLEY_VIDEO_URL": _url(video),
        "PARLEY_DATA_DIR": str(chosen.data_dir.resolve()),
        "PARLEY_REDIS_URL": redis_url,
        "PYTHONUNBUFFERED": "1",
    }
    return [
        _service("auth", auth, "PARLEY_AUTH_URL", {**common, **_public_url(chosen, environment)}),
        *(
            _service(name, address, "PARLEY_CHAT_URL", {**common, "PARLEY_CHAT_URL": _url(address)})
            for name, address in zip(_chat_names(), chats, strict=False)
        ),
        _service("media", media, "PARLEY_MEDIA_URL", common),
        _service("video", video, "PARLEY_VIDEO_URL", common),
        _service("gateway", gateway, "PARLEY_PORT", common),
    ]


def url_for_people(chosen: Settings) -> str:
    """The gateway's, as it is reached from this machine."""
    return settings.origin_of(chosen.host, chosen.port)


def _public_url(chosen: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """For auth, which makes links and is told another host than the gateway's."""
    is_chosen = environment.get("PARLEY_PUBLIC_URL") or environment.get("PARLEY_DOMAIN")
    return {} if is_chosen else {"PARLEY_PUBLIC_URL": url_for_people(chosen)}


def _beside(port: int, setting: str) -> str | None:
    """Where the service is whose address is `setting`, above a gateway on `port`; None: where it is by default."""
    return f"http://127.0.0.1:{port + _PORTS_ABOVE[setting]}" if port in _PORTS_WITH_ROOM_ABOVE else None


def _service(name: str, address: Address, setting: str, environment: Mapping[str, str]) -> Service:
    module = name if name == "gateway" else f"{name.partition('-')[0]}_service"
    # Whatever PARLEY_HOST opens to the network is the gateway; a service listens where its own URL says.
    return Service(
        name=name,
        command=(sys.executable, "-m", module),
        environment={**environment, "PARLEY_HOST": address[0]},
        address=address,
        setting=setting,
    )


def _chat_names() -> Iterator[str]:
    """chat, chat-2, chat-3, …"""
    yield "chat"
    for number in count(2):
        yield f"chat-{number}"


def _further(chats: list[Address], others: list[Address]) -> Iterator[Address]:
    """Addresses beside the first chat instance, on ports past those of the services."""
    used = {port for _, port in [*chats, *others]}
    first = max(port for _, port in [*chats, *others[:-1]]) + 1
    return ((chats[0][0], port) for port in count(first) if port not in used)


def _only_address(setting: str, urls: str) -> Address:
    found = _addresses(setting, urls)
    if len(found) > 1:
        raise settings.WrongSettings(f"{setting}={urls!r}: only chat can have several instances here")
    return found[0]


def _addresses(setting: str, urls: str) -> list[Address]:
    try:
        found = settings.addresses(urls)
    except settings.WrongSettings as error:
        raise settings.WrongSettings(f"{setting}: {error}") from None
    if not found:
        raise settings.WrongSettings(f"{setting}={urls!r}: expected http://host:port")
    return found


def _url(address: Address) -> str:
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
