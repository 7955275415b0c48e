"""Asks every instance for its status, when an owner wants to know how the system is."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import quote

import httpx
import msgspec

from gateway.domain.refusals import NotAllowed
from gateway.domain.route_table import Service
from gateway.domain.system_status import Answer, ServiceName, ServiceStatus, SystemStatus, missing, system_status
from gateway.trusted_proxies import TrustedProxies
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.health import run_checks
from servicekit.problems import Unavailable
from servicekit.server import is_stopping
from servicekit.status import PATH, InstanceStatus
from servicekit.version import __version__

ANSWER_S_MAX = 1.5  # more than an instance takes at most
_NAMES: Mapping[Service, ServiceName] = {Service(name): name for name in get_args(ServiceName) if name != "gateway"}


class _Role(msgspec.Struct, frozen=True):
    role: str
    banned: bool


class SystemStatusReader:
    """Nothing is remembered: whoever looks again wants to know how it is now."""

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        urls: Mapping[Service, Sequence[str]],
        own_address: str,
        authentication: Authentication,
        bus: Bus,
        trusted_proxies: TrustedProxies,
        clock: Callable[[], float],
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        """`urls` are those of all instances of each service."""
        self._http = http
        self._urls = urls
        self._own_address = own_address
        self._authentication = authentication
        self._bus = bus
        self._trusted_proxies = trusted_proxies
        self._clock = clock
        self._answer_s_max = answer_s_max

    async def check_owner(self, username: str) -> None:
        """Ask auth, now. Raises NotAllowed, or Unavailable where it gives no answer."""
        try:
            async with asyncio.timeout(self._answer_s_max):
                [auth_url, *_] = self._urls[Service.AUTH]
                answer = await self._http.get(f"{auth_url}/internal/roles/{quote(username, safe='')}")
            if answer.status_code == 404:
                raise NotAllowed
            standing = msgspec.json.decode(answer.raise_for_status().content, type=_Role)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError):
            raise Unavailable("The auth service does not say who may see this.") from None
        if standing.role != "owner" or standing.banned:
            raise NotAllowed

    async def read(self) -> SystemStatus:
        """All are asked at once; who is away or slow is shown as away."""
        asked = [(service, url) for service, urls in self._urls.items() for url in urls]
        answering = asyncio.gather(*(self._ask(*one) for one in asked))
        gateway, answers = await asyncio.gather(self._own(), answering)
        return system_status(
            gateway,
            answers,
            checked_at=datetime.fromtimestamp(int(self._clock()), UTC),
            tls_seen=self._trusted_proxies.have_seen_https,
        )

    async def _own(self) -> ServiceStatus:
        async def knows_revocations() -> bool:
            return self._authentication.is_current

        lacks = missing(await run_checks({"redis": self._bus.is_sound, "revocations": knows_revocations}))
        is_ready = "revocations" not in lacks
        return ServiceStatus(
            service="gateway",
            address=self._own_address,
            status="stopping" if is_stopping() else "ok" if is_ready else "unavailable",
            version=__version__,
            missing=lacks,
        )

    async def _ask(self, service: Service, url: str) -> Answer:
        return Answer(_NAMES[service], url.removeprefix("http://"), await self._status_of(url))

    async def _status_of(self, url: str) -> InstanceStatus | None:
        try:
            async with asyncio.timeout(self._answer_s_max):
                answer = await self._http.get(url + PATH)
            return msgspec.json.decode(answer.raise_for_status().content, type=InstanceStatus)
        except (httpx.HTTPError, TimeoutError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
