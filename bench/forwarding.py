"""Requests a second through the gateway, against a service that answers the same by itself.

Measured: `GET /api/saved-chats` with a real token. The gateway checks the signature and the revocations,
adds its headers and forwards; an answer of 60 bytes comes back. 32 kept-alive connections, each asks
again once answered.

Yardstick: bare uvicorn, which gives that answer itself, with nothing to forward and nothing to check. What
both are made of is the same, interpreter, event loop and parser, so that the ratio says something about the
gateway, and less about the processor.

Where nginx is installed, a note tells what it makes with one worker, forwarding the same requests without
looking at the token.

The server of the round has one core to itself. Upstream and load generator share the next one (with
three cores each has its own). The upstream is an nginx that answers from its configuration, or else the
bare service. A gateway of its own stands in front of that upstream; tokens, keys and Redis are those of a
whole running system.
"""

import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.http_load import Load, load
from bench.machine import on_core, processor_time_s, usable_cores
from bench.people import NO_LIMITS, sign_up_people
from bench.processes import Server, free_port, running
from bench.rounds import Compared, Effort, WrongResult, alternate
from bench.table import Figure, RatioAtLeast, Report
from bench.web_servers import answering_nginx, find_nginx, forwarding_nginx, uvicorn
from launcher.temporary_system import TemporarySystem

PATH = "/api/saved-chats"
FORWARDING_RATIO_MIN = 0.75
BARE_SERVICE = "bench.baseline_service:app"


@dataclass(frozen=True, kw_only=True)
class Cores:
    forwarder: int
    upstream: int
    load: int


@dataclass(frozen=True, kw_only=True)
class Round:
    """The shares are those of one core."""

    load: Load
    server_share: float
    client_share: float

    @property
    def processor_us(self) -> float:
        """Processor time of the server for one request."""
        return 1e6 * self.server_share / self.load.requests_per_s


async def measure(effort: Effort, folder: Path) -> Report:
    cores = _cores()
    nginx = find_nginx()
    # A port that is known here, so that the gateway to measure can be told of the same auth service.
    auth_url = f"http://127.0.0.1:{free_port()}"
    async with (
        TemporarySystem(folder / "data", environment={**NO_LIMITS, "PARLEY_AUTH_URL": auth_url}) as system,
        _upstream(nginx, folder / "upstream", cores) as upstream,
        _gateway(system, auth_url, folder / "gateway", upstream, cores) as gateway,
        uvicorn(BARE_SERVICE, folder / "yardstick", core=cores.forwarder) as yardstick,
        _other_forwarder(nginx, folder / "forwarder", upstream, cores) as other,
    ):
        (person,) = await sign_up_people(system.url, 1)
        headers = {"Authorization": f"Bearer {person.key}"}
        with on_core(cores.load):
            straight = await _round(upstream, headers, effort)
            compared = await alternate(
                effort.rounds,
                parley=lambda: _round(gateway, headers, effort),
                yardstick=lambda: _round(yardstick, headers, effort),
            )
            others = [] if other is None else [await _round(other, headers, effort) for _ in range(effort.rounds)]
    return _report(compared, straight, others)


def _cores() -> Cores:
    """The first three, or the last of fewer for what is left."""
    forwarder, *others = usable_cores()
    upstream, *further = others or [forwarder]
    return Cores(forwarder=forwarder, upstream=upstream, load=further[0] if further else upstream)


def _upstream(nginx: str | None, folder: Path, cores: Cores) -> AbstractAsyncContextManager[Server]:
    if nginx:
        return answering_nginx(nginx, folder, core=cores.upstream)
    return uvicorn(BARE_SERVICE, folder, core=cores.upstream)


def _gateway(
    system: TemporarySystem, auth_url: str, folder: Path, upstream: Server, cores: Cores
) -> AbstractAsyncContextManager[Server]:
    port = free_port()
    environment = {
        "PARLEY_HOST": "127.0.0.1",
        "PARLEY_PORT": str(port),
        "PARLEY_METRICS_PORT": "0",
        "PARLEY_DATA_DIR": str(folder),
        "PARLEY_AUTH_URL": auth_url,
        "PARLEY_REDIS_URL": system.redis_url,
        "PARLEY_CHAT_URL": f"http://127.0.0.1:{upstream.port}",
    }
    command = [sys.executable, "-m", "gateway"]
    return running(command, port=port, core=cores.forwarder, environment=environment, folder=folder)


@asynccontextmanager
async def _other_forwarder(
    nginx: str | None, folder: Path, upstream: Server, cores: Cores
) -> AsyncIterator[Server | None]:
    if nginx is None:
        yield None
        return
    async with forwarding_nginx(nginx, folder, upstream_port=upstream.port, core=cores.forwarder) as server:
        yield server


async def _round(server: Server, headers: Mapping[str, str], effort: Effort) -> Round:
    started, processor_started_s = time.perf_counter(), processor_time_s(server.pid)
    client_started_s = time.process_time()
    result = await load(server.port, path=PATH, headers=headers, round_s=effort.round_s)
    elapsed_s = time.perf_counter() - started
    if result.refused or result.lost:
        raise WrongResult(f"{result.refused} answers other than 200, {result.lost} connections lost")
    return Round(
        load=result,
        server_share=(processor_time_s(server.pid) - processor_started_s) / elapsed_s,
        client_share=(time.process_time() - client_started_s) / elapsed_s,
    )


def _report(compared: Compared[Round], straight: Round, nginx: Sequence[Round]) -> Report:
    per_s = compared.medians(_requests_per_s)
    processor_us = compared.medians(lambda one: one.processor_us)
    return Report(
        title="Forwarding: small JSON, 32 connections, the server alone on one core",
        yardstick_name="bare uvicorn, answering itself",
        figures=[
            Figure(
                what="requests a second",
                unit="/s",
                parley=per_s[0],
                yardstick=per_s[1],
                bar=RatioAtLeast(FORWARDING_RATIO_MIN),
            ),
            Figure(what="processor time a request", unit="µs", parley=processor_us[0], yardstick=processor_us[1]),
        ],
        notes=[
            f"requests a second in each round: {compared.every_round(_requests_per_s)}",
            _limit_note(straight),
            _share_note(compared),
            *_nginx_notes(nginx),
        ],
    )


def _requests_per_s(one: Round) -> float:
    return one.load.requests_per_s


def _limit_note(straight: Round) -> str:
    return (
        f"the load generator straight against the upstream, on the cores that both have in the rounds: "
        f"{straight.load.requests_per_s:,.0f}/s, needing {straight.client_share:.2f} of a core"
    )


def _share_note(compared: Compared[Round]) -> str:
    server = compared.medians(lambda one: one.server_share)
    client = compared.medians(lambda one: one.client_share)
    return (
        f"share of its core that the server used: gateway {server[0]:.2f}, yardstick {server[1]:.2f}; "
        f"the load generator meanwhile: {client[0]:.2f} and {client[1]:.2f}"
    )


def _nginx_notes(rounds: Sequence[Round]) -> list[str]:
    if not rounds:
        return []
    per_s, processor_us = median(map(_requests_per_s, rounds)), median(one.processor_us for one in rounds)
    return [f"nginx, forwarding the same without authentication: {per_s:,.0f}/s, {processor_us:.1f} µs a request"]
