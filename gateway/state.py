"""What the lifespan gives to every request and tunnel."""

from collections.abc import Callable, Mapping
from typing import TypedDict

import httpx

from gateway.catalogues import Language
from gateway.connection_counts import ConnectionCounts
from gateway.contract_parts import ContractParts
from gateway.domain.route_table import Service
from gateway.known_instance import KnownInstance
from gateway.pending_read_marks import PendingReadMarks
from gateway.rate_limits import RateLimits
from gateway.rendering import Renderer
from gateway.static_files import StaticFiles
from gateway.system_status import SystemStatusReader
from gateway.trusted_proxies import TrustedProxies
from gateway.upstream import Upstream
from servicekit.authentication import Authentication
from servicekit.bus import Bus


class State(TypedDict):
    allowed_origins: frozenset[str]
    authentication: Authentication
    bus: Bus
    clock: Callable[[], float]
    content_security_policy: str
    connection_counts: ConnectionCounts
    contract_parts: ContractParts
    http: httpx.AsyncClient
    instance: KnownInstance
    json_body_bytes_max: int
    languages: Mapping[str, Language]
    rate_limits: RateLimits
    read_marks: PendingReadMarks
    renderer: Renderer
    static_files: StaticFiles
    system_status: SystemStatusReader
    trusted_proxies: TrustedProxies
    upstreams: Mapping[Service, Upstream]
    urls: Mapping[Service, str]
