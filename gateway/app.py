"""The composition of the gateway: what is opened, wired and closed."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import catalogues
from gateway.catalogues import Language
from gateway.connection_counts import ConnectionCounts
from gateway.contract import CONTRACT
from gateway.contract_parts import ContractParts
from gateway.cors import Cors
from gateway.domain.page_limits import PageLimits
from gateway.domain.paths import names_instance
from gateway.domain.refusals import REFUSALS
from gateway.domain.route_table import Service
from gateway.known_devices import KnownDevices
from gateway.known_instance import KEPT_S, KnownInstance
from gateway.pages.error_pages import exception_handlers
from gateway.pages.page_response import content_security_policy
from gateway.pages.routes import PAGES, streams_body
from gateway.pending_read_marks import PendingReadMarks
from gateway.proxy import Proxy
from gateway.rate_limits import RateLimits, Rates
from gateway.rendering import Renderer
from gateway.settings import GatewaySettings
from gateway.state import State
from gateway.static_files import StaticFiles
from gateway.system_status import SystemStatusReader
from gateway.trusted_proxies import TrustedProxies
from gateway.upstream import Upstream
from servicekit.application import Application
from servicekit.contract import contract_of
from servicekit.logs import get_logger
from servicekit.middleware import BodyLimit
from servicekit.server import connections
from servicekit.settings import addresses

log = get_logger(__name__)


def create_app(
    settings: GatewaySettings,
    *,
    clock: Callable[[], float] = time.time,
    load_languages: Callable[[], dict[str, Language]] = catalogues.load,
    load_static_files: Callable[[], StaticFiles] = StaticFiles,
    instance_kept_s: float = KEPT_S,
) -> ASGIApp:
    """What `GatewayProtocol` serves, and no other: it says whose a request is and where it goes."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        languages, static_files = load_languages(), load_static_files()
        async with _opened(settings, clock, languages, static_files, instance_kept_s) as state:
            log.info("people reach it", address=settings.address_for_people)
            yield state

    pages = Application(
        routes=[*PAGES, *CONTRACT],
        middleware=[Middleware(_FormLimit, bytes_max=settings.json_body_bytes_max), Middleware(_FreshInstance)],
        exception_handlers=exception_handlers(),
        lifespan=lifespan,
    )
    return Cors(Proxy(pages), origins=settings.origins)


class _FormLimit:
    """The limit of a request's body, but for the pages that pass files on as they come."""

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self._app = app
        self._limited = BodyLimit(app, bytes_max=bytes_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = scope["type"] == "http" and streams_body(scope)
        await (self._app if streams else self._limited)(scope, receive, send)


class _FreshInstance:
    """Every page names the instance: before one is made, what is known of it is looked at, and seldom asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and names_instance(scope["path"]):
            await scope["state"]["instance"].keep_fresh()
        await self._app(scope, receive, send)


@asynccontextmanager
async def _opened(
    settings: GatewaySettings,
    clock: Callable[[], float],
    languages: dict[str, Language],
    static_files: StaticFiles,
    instance_kept_s: float,
) -> AsyncIterator[State]:
    upstreams = _upstreams(settings)
    rate_limits = _rate_limits(settings, upstreams[Service.AUTH])
    async with aclosing(rate_limits), connections(settings, clock) as peers:
        urls = {
            service: [one.strip().rstrip("/") for one in url.split(",")] for service, url in _urls(settings).items()
        }
        first_urls = {service: first for service, [first, *_] in urls.items()}
        trusted_proxies = TrustedProxies(settings.trusted_proxies)
        yield State(
            allowed_origins=settings.origins,
            authentication=peers.authentication,
            bus=peers.bus,
            clock=clock,
            content_security_policy=content_security_policy(settings.remote_avatars),
            connection_counts=ConnectionCounts(per_address_max=settings.connections_per_address),
            contract_parts=ContractParts(
                http=peers.http, urls=first_urls, clock=clock, own=contract_of(PAGES, REFUSALS)
            ),
            http=peers.http,
            instance=KnownInstance(upstreams[Service.AUTH], kept_s=instance_kept_s),
            json_body_bytes_max=settings.json_body_bytes_max,
            languages=languages,
            rate_limits=rate_limits,
            read_marks=PendingReadMarks(),
            renderer=Renderer(languages, static_files, _page_limits(settings)),
            static_files=static_files,
            system_status=SystemStatusReader(
                http=peers.http,
                urls=urls,
                own_address=f"{settings.host}:{settings.port}",
                authentication=peers.authentication,
                bus=peers.bus,
                trusted_proxies=trusted_proxies,
                clock=clock,
            ),
            trusted_proxies=trusted_proxies,
            upstreams=upstreams,
            urls=first_urls,
        )
    for upstream in upstreams.values():
        upstream.close()


def _urls(settings: GatewaySettings) -> dict[Service, str]:
    return {
        Service.AUTH: settings.auth_url,
        Service.CHAT: settings.chat_url,
        Service.MEDIA: settings.media_url,
        Service.VIDEO: settings.video_url,
    }


def _upstreams(settings: GatewaySettings) -> dict[Service, Upstream]:
    return {
        service: Upstream(
            service.value,
            addresses(url),
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
        )
        for service, url in _urls(settings).items()
    }


def _rate_limits(settings: GatewaySettings, auth: Upstream) -> RateLimits:
    rates = Rates(
        sign_ins_per_minute_username=settings.sign_ins_per_minute_username,
        sign_ins_per_minute_address=settings.sign_ins_per_minute_address,
        registrations_per_hour_address=settings.registrations_per_hour_address,
        links_per_minute_address=settings.links_per_minute_address,
    )
    return RateLimits(rates, redis_url=settings.redis_url, known_as=KnownDevices(auth).known_as)


def _page_limits(settings: GatewaySettings) -> PageLimits:
    return PageLimits(
        message_length_max=settings.message_length_max,
        picture_bytes_max=settings.picture_bytes_max,
        file_bytes_max=settings.upload_file_bytes_max,
    )
