"""A whole Parley as its users meet it, through the gateway only; what it has logged is looked at when it ends."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http.cookiejar import DefaultCookiePolicy
from itertools import count
from pathlib import Path

import httpx

from gateway.pages.readiness import READINESS_LASTS_S
from launcher.temporary_system import TemporarySystem
from tests import fork_server
from tests.system.people import PASSWORD, WHISPER, Person

# What stands in every request or message of these tests and may not stand in any log.
SECRETS = (PASSWORD, WHISPER, "Hello there!")
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.")
WITHOUT_RATES = {
    "PARLEY_SIGN_INS_PER_MINUTE_USERNAME": "0",
    "PARLEY_SIGN_INS_PER_MINUTE_ADDRESS": "0",
    "PARLEY_REGISTRATIONS_PER_HOUR_ADDRESS": "0",
    "PARLEY_LINKS_PER_MINUTE_ADDRESS": "0",
    "PARLEY_MESSAGES_PER_SECOND": "0",
    "PARLEY_CONNECTIONS_PER_ADDRESS": "0",
}
# A traced service takes twice as long, and what it runs is covered by tests of its own; the launcher's tests trace.
UNTRACED = {"COVERAGE_PROCESS_CONFIG": ""}
QUICK_AUTH = {"auth": "tests.system.quick_auth"}
BESIDE_HOSTS = {**QUICK_AUTH, "media": "tests.system.media_beside_hosts"}
WAIT_S_MAX = 20.0
_numbers = count(1)
UNNOTICED_S_MAX = 5.0  # also on a machine that is busy with other things


class Parley:
    """A running system, and a client of its gateway that keeps no cookies."""

    def __init__(self, system: TemporarySystem, http: httpx.AsyncClient) -> None:
        self.system = system
        self.http = http

    async def person(self, stem: str = "ada") -> Person:
        """Somebody new, signed in."""
        name = f"{stem}{next(_numbers)}"
        answer = await self.http.post("/register", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return await self.sign_in(name)

    async def people(self, *stems: str) -> list[Person]:
        return list(await asyncio.gather(*(self.person(stem) for stem in stems)))

    async def sign_in(self, name: str, password: str = PASSWORD) -> Person:
        """A new session of theirs."""
        answer = await self.http.post("/api/user/login", json={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        return Person(self.system.ws_url, self.http, name, answer.json()["access_token"])

    async def checks(self) -> tuple[int, dict[str, str]]:
        """What `/readyz` says of now: its status, and how each part is."""
        await asyncio.sleep(READINESS_LASTS_S)
        answer = await self.http.get("/readyz")
        return answer.status_code, answer.json()["checks"]


@asynccontextmanager
async def parley(
    data_dir: Path,
    *,
    chat_instances: int = 1,
    environment: Mapping[str, str] = WITHOUT_RATES,
    modules: Mapping[str, str] = QUICK_AUTH,
) -> AsyncIterator[Parley]:
    """All started and ready. After it has ended its logs are read: no secrets, no faults."""
    system = TemporarySystem(
        data_dir,
        chat_instances=chat_instances,
        environment={**UNTRACED, **environment},
        modules=modules,
        spawn=fork_server.spawn,
    )
    async with _inspected(system, system) as running:
        yield running


@asynccontextmanager
async def parley_without_redis(data_dir: Path) -> AsyncIterator[Parley]:
    """The five services, started where no Redis is; `system.start_valkey` brings it."""
    environment = {**UNTRACED, **WITHOUT_RATES}
    system = TemporarySystem(data_dir, environment=environment, modules=QUICK_AUTH, spawn=fork_server.spawn)
    async with _inspected(system, _services_only(system)) as running:
        yield running


@asynccontextmanager
async def _services_only(system: TemporarySystem) -> AsyncIterator[None]:
    try:
        for name in ("auth", "chat", "media", "video", "gateway"):
            await system.start(name)
        yield
    finally:
        await system.__aexit__(None, None, None)


@asynccontextmanager
async def _inspected(system: TemporarySystem, started: AbstractAsyncContextManager[object]) -> AsyncIterator[Parley]:
    async with started, httpx.AsyncClient(base_url=system.url, trust_env=False, timeout=WAIT_S_MAX) as http:
        http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield Parley(system, http)
    for path in (system.data_dir / "logs").iterdir():
        _inspect(path.name, path.read_text(errors="replace"))


def _inspect(name: str, log: str) -> None:
    for secret in SECRETS:
        assert secret not in log, f"{secret!r} is in {name}"
    assert not _TOKEN.search(log), f"a token is in {name}"
    faults = [line for line in log.splitlines() if "Traceback" in line or '"critical"' in line]
    assert not faults, f"{name}: {faults[0]}"


@asynccontextmanager
async def hung_valkey(parley: Parley) -> AsyncIterator[None]:
    """It keeps every connection, and answers nothing."""
    pid = parley.system.pids["valkey"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def code(answer: httpx.Response) -> tuple[int, str]:
    """What a refusal is known by; it has the shape of RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.headers["x-request-id"]
    body = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


async def goes_on(parley: Parley, ada: Person, bob: Person) -> None:
    """Two people who have nothing to do with it sign in and talk, without delay."""
    async with asyncio.timeout(UNNOTICED_S_MAX), ada.device() as adas, bob.device() as bobs:
        await adas.write(bob.name, WHISPER)
        await bobs.next("message")
        await parley.sign_in(ada.name)
