"""What the lifespan gives to every request and tunnel."""

from collections.abc import Mapping
from typing import TypedDict

import httpx

from gateway.domain.route_table import Service
from gateway.limits import Limits
from gateway.upstreams import Upstream
from servicekit.authentication import Authentication
from servicekit.bus import Bus


class State(TypedDict):
    allowed_origins: frozenset[str]
    authentication: Authentication
    bus: Bus
    http: httpx.AsyncClient
    json_body_bytes_max: int
    limits: Limits
    upstreams: Mapping[Service, Upstream]
    urls: Mapping[Service, str]
