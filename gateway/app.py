"""The composition of the gateway: what is opened, wired and closed."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.domain.refusals import REFUSALS
from gateway.domain.route_table import Service
from gateway.limits import Limits, Rates
from gateway.pages import PAGES
from gateway.proxy import Proxy
from gateway.settings import GatewaySettings
from gateway.state import State
from gateway.upstreams import Upstream
from servicekit.middleware import BodyLimit, RequestContext, header
from servicekit.problems import exception_handlers
from servicekit.server import connections, running
from servicekit.settings import addresses


def create_app(settings: GatewaySettings, *, clock: Callable[[], float] = time.time) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with _opened(settings, clock) as state:
            yield state

    pages = Starlette(
        routes=PAGES,
        middleware=[Middleware(BodyLimit, bytes_max=settings.json_body_bytes_max)],
        exception_handlers=exception_handlers(REFUSALS),
        lifespan=lifespan,
    )
    app: ASGIApp = Proxy(pages)
    if settings.origins:
        app = _with_cors(app, settings)
    return app


def _with_cors(app: ASGIApp, settings: GatewaySettings) -> ASGIApp:
    cors = CORSMiddleware(
        app,
        allow_origins=sorted(settings.origins),
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Range", "If-None-Match"],
        allow_credentials=True,
        expose_headers=["X-Request-ID", "Link", "Retry-After", "ETag", "Content-Range"],
    )
    preflight = RequestContext(cors)  # which answers those by itself, and without what every answer carries

    async def with_cors(scope: Scope, receive: Receive, send: Send) -> None:
        await (preflight if _is_preflight(scope) else cors)(scope, receive, send)

    return with_cors


def _is_preflight(scope: Scope) -> bool:
    asks = (b"origin", b"access-control-request-method")
    return scope["type"] == "http" and scope["method"] == "OPTIONS" and all(header(scope, name) for name in asks)


@asynccontextmanager
async def _opened(settings: GatewaySettings, clock: Callable[[], float]) -> AsyncIterator[State]:
    urls = {
        Service.AUTH: settings.auth_url,
        Service.CHAT: settings.chat_url,
        Service.MEDIA: settings.media_url,
        Service.VIDEO: settings.video_url,
    }
    upstreams = {
        service: Upstream(
            service.value,
            addresses(url),
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
        )
        for service, url in urls.items()
    }
    rates = Rates(
        sign_ins_per_minute_username=settings.sign_ins_per_minute_username,
        sign_ins_per_minute_address=settings.sign_ins_per_minute_address,
        registrations_per_hour_address=settings.registrations_per_hour_address,
    )
    limits = Limits(rates, redis_url=settings.redis_url)
    async with (
        connections(settings, clock) as neighbours,
        running(*(upstream.watch() for upstream in upstreams.values())),
    ):
        yield State(
            allowed_origins=settings.origins,
            authentication=neighbours.authentication,
            bus=neighbours.bus,
            http=neighbours.http,
            json_body_bytes_max=settings.json_body_bytes_max,
            limits=limits,
            upstreams=upstreams,
            urls={service: url.split(",")[0].strip().rstrip("/") for service, url in urls.items()},
        )
    for upstream in upstreams.values():
        upstream.close()
    await limits.close()
