"""The server: one uvicorn process around a service's application."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.util import find_spec
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit import logs, metrics
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.event_driven_server import EventDrivenServer
from servicekit.http_protocol import HttpProtocol
from servicekit.problems import NotStored
from servicekit.settings import Settings
from servicekit.startup_errors import EXIT_FAULT, CannotStart, refuse_to_start

EXIT_PORT_TAKEN = 3
KEEP_ALIVE_S = 75  # longer than the gateway keeps an idle connection, so that it is the gateway that closes
log = logs.get_logger(__name__)
_served: list[EventDrivenServer] = []  # by this process: one, or in a test none
_faults: list[BaseException] = []  # for which it ends, the first one first

# httpcore imports sniffio several times a request; where it is missing, each time the whole path would be searched.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # the way to say so: "import" in Python's reference


def serve(
    name: str,
    app: ASGIApp,
    settings: Settings,
    *,
    port: int,
    http_protocol: type[HttpProtocol] = HttpProtocol,
    websocket_protocol: type[asyncio.Protocol] | None = None,
    is_behind_gateway: bool = True,
) -> None:
    """Serve `app` until SIGTERM or SIGINT; open connections get a few seconds to end.

    A fault of what runs in the background ends the process too, with EXIT_FAULT: whoever keeps it starts it afresh.
    Behind the gateway everyone's `X-Forwarded-*` count, since nobody else gets there.
    """
    logs.configure(name, level=settings.log_level, log_format=settings.log_format)
    _raise_open_files_limit()
    listener = listen_or_exit(name, settings.host, port)
    if metrics_port := settings.metrics_port_beside(port):
        metrics.serve(settings.host, metrics_port)
    config = _configuration(app, http_protocol, websocket_protocol, is_behind_gateway=is_behind_gateway)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again after an orderly end, which then is nobody's any more: exit code 0.
        signal.signal(signal_number, lambda *_: None)
    _collect_garbage_seldom()
    _served.append(EventDrivenServer(config))
    _start_with_one_line(config, address=f"http://{settings.host}:{listener.getsockname()[1]}")
    with suppress(SystemExit):  # uvicorn's, when the application did not start; the status is ours to choose
        _served[0].run(sockets=[listener])
    _end(name)


def _configuration(
    app: ASGIApp,
    http_protocol: type[HttpProtocol],
    websocket_protocol: type[asyncio.Protocol] | None,
    *,
    is_behind_gateway: bool,
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=http_protocol,
        loop="uvloop",
        ws=websocket_protocol or "none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=is_behind_gateway,
        forwarded_allow_ips="*",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
    )


def _start_with_one_line(config: uvicorn.Config, **told: str) -> None:
    """Let it be us who tell how the start went: uvicorn would print a trace for whatever stands in its way."""
    config.load()
    app = config.loaded_app

    async def starting(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                config.loaded_app = app  # so that requests do not pass here
                log.info("started", pid=os.getpid(), **told)
            await send({**message, "message": ""} if message["type"] == "lifespan.startup.failed" else message)

        try:
            await app(scope, receive, send_on)
        except BaseException as error:
            if not isinstance(error, CannotStart | NotStored):
                log.exception("fault")
            _faults.append(error)
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            raise

    config.loaded_app = starting


def _end(name: str) -> None:
    """With the status that tells whoever started us whether to do it again."""
    fault = _faults[0] if _faults else None
    if not isinstance(fault, CannotStart):
        log.info("stopped")
    logging.shutdown()
    if isinstance(fault, CannotStart):
        refuse_to_start(f"{name} cannot run: {fault}")
    if isinstance(fault, NotStored):
        sys.stderr.write(f"{name} has to end, and may be started again: {fault}\n")
    if fault is not None:
        raise SystemExit(EXIT_FAULT)


def is_stopping() -> bool:
    """Whether this process has been told to end, and takes nothing new."""
    return any(server.should_exit for server in _served)


def _collect_garbage_seldom() -> None:
    """What is loaded by now stays; requests and messages leave few cycles, and looking for them costs each a share."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _raise_open_files_limit() -> None:
    """To what the system allows: each connection is a file, in the gateway two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen_or_exit(name: str, host: str, port: int) -> socket.socket:
    """A listening socket; where there can be none, one line on stderr and SystemExit(EXIT_PORT_TAKEN)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        print(f"{name} cannot listen on {host}:{port}: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(EXIT_PORT_TAKEN) from None


class Connections:
    """What every service holds open: Redis, HTTP to its peers, and the issuer of tokens."""

    def __init__(self, *, bus: Bus, http: httpx.AsyncClient, authentication: Authentication) -> None:
        self.bus = bus
        self.http = http
        self.authentication = authentication


def client_of_peers() -> httpx.AsyncClient:
    # A page asks several services at once: connections are kept, since to make one is dearer than the answer.
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
    # Peers are asked by http alone (`Settings`). To read whom the world trusts costs 30 ms and 2 MiB a process.
    trusting_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(timeout=2.0, limits=limits, trust_env=False, verify=trusting_nobody)


@asynccontextmanager
async def connections(settings: Settings, clock: Any) -> AsyncIterator[Connections]:
    """Open them, and keep them in the background; none needs to answer for the service to start."""
    bus = Bus(settings.redis_url)
    async with client_of_peers() as http:
        authentication = Authentication(issuer_url=settings.auth_url, http=http, bus=bus, clock=clock)
        async with running(bus.run(), authentication.run()):
            yield Connections(bus=bus, http=http, authentication=authentication)


def end_process(fault: BaseException) -> None:
    """Let what this process serves, if anything, end in an orderly way, and the process with EXIT_FAULT."""
    _faults.append(fault)
    for server in _served:
        server.end()


@asynccontextmanager
async def running(*coroutines: Any, on_fault: Callable[[BaseException], None] = end_process) -> AsyncIterator[None]:
    """Run `coroutines` beside the body; cancelled at its end. One that fails is logged, and `on_fault` is told."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    for task in tasks:
        task.add_done_callback(partial(_report, on_fault))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _report(on_fault: Callable[[BaseException], None], task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a background task failed", exc_info=error)
        on_fault(error)
