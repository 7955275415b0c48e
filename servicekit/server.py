"""The server: one uvicorn process around a service's application."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from servicekit import logs, metrics
from servicekit.authentication import Authentication
from servicekit.bus import Bus
from servicekit.http_protocol import HttpProtocol
from servicekit.settings import Settings

EXIT_FAULT = 1
EXIT_PORT_TAKEN = 3
KEEP_ALIVE_S = 75  # longer than the gateway keeps an idle connection, so that it is the gateway that closes
METRICS_PORT_OFFSET = 1000
log = logs.get_logger(__name__)
_served: list[uvicorn.Server] = []  # by this process: one, or in a test none
_faults: list[BaseException] = []


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
    metrics_port = port + METRICS_PORT_OFFSET if settings.metrics_port is None else settings.metrics_port
    if metrics_port:
        metrics.serve(settings.host, metrics_port)
    config = uvicorn.Config(
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
    log.info("started", address=f"http://{settings.host}:{listener.getsockname()[1]}", pid=os.getpid())
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again after an orderly end, which then is nobody's any more: exit code 0.
        signal.signal(signal_number, lambda *_: None)
    _collect_garbage_seldom()
    _served.append(uvicorn.Server(config))
    _served[0].run(sockets=[listener])
    log.info("stopped")
    logging.shutdown()
    if _faults:
        raise SystemExit(EXIT_FAULT)


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
    """What every service holds open towards its neighbours: Redis, HTTP and the issuer of tokens."""

    def __init__(self, *, bus: Bus, http: httpx.AsyncClient, authentication: Authentication) -> None:
        self.bus = bus
        self.http = http
        self.authentication = authentication


@asynccontextmanager
async def connections(settings: Settings, clock: Any) -> AsyncIterator[Connections]:
    """Open them, and keep them in the background; none needs to answer for the service to start."""
    bus = Bus(settings.redis_url)
    # A page asks several services at once: connections are kept, since to make one is dearer than the answer.
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
    async with httpx.AsyncClient(timeout=2.0, limits=limits, trust_env=False) as http:
        authentication = Authentication(issuer_url=settings.auth_url, http=http, bus=bus, clock=clock)
        async with running(bus.run(), authentication.run()):
            yield Connections(bus=bus, http=http, authentication=authentication)


def end_process(fault: BaseException) -> None:
    """Let what this process serves, if anything, end in an orderly way, and the process with EXIT_FAULT."""
    _faults.append(fault)
    for server in _served:
        server.should_exit = True


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
