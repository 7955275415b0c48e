"""What changes here is told on the bus, to a real subscriber over a real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec import structs

from auth_service.feed import PROFILES_CHANNEL
from auth_service.settings import AuthSettings
from servicekit.authentication import REVOCATIONS_CHANNEL
from servicekit.bus import Bus
from servicekit.server import running
from tests.auth_service.people import PASSWORD, Auth, serving
from tests.clock import Clock
from tests.waiting import eventually


class Listener:
    """Another service, which keeps what it hears."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    async def subscribe(self, channel: str) -> None:
        assert await self._bus.subscribe(channel, lambda payload: self._heard.put_nowait(payload.decode()))

    async def hears(self, wanted: str) -> None:
        """Return once it hears just `wanted`, as those of before understand it, whatever comes before."""
        async with asyncio.timeout(5):
            while await self._heard.get() != wanted:
                pass


@asynccontextmanager
async def listening(url: str, channel: str) -> AsyncIterator[Listener]:
    bus = Bus(url)
    async with running(bus.run()):
        await eventually(lambda: bus.is_connected)
        listener = Listener(bus)
        await listener.subscribe(channel)
        yield listener


@pytest.fixture
async def auth(settings: AuthSettings, clock: Clock, valkey_url: str) -> AsyncIterator[Auth]:
    """The service with Redis, connected."""
    async with serving(structs.replace(settings, redis_url=valkey_url), clock) as service:
        await eventually(lambda: _is_ready(service))
        yield service


async def _is_ready(service: Auth) -> bool:
    return bool((await service.http.get("/readyz")).json()["checks"]["redis"] == "ok")


async def test_the_service_is_ready_with_its_store_and_redis(auth: Auth) -> None:
    response = await auth.http.get("/readyz")
    assert response.json()["checks"] == {"store": "ok", "disk": "ok", "redis": "ok"}


async def test_signing_out_is_heard_by_the_others(auth: Auth, valkey_url: str) -> None:
    ada = await auth.person("ada")
    sid = await ada.sid()
    async with listening(valkey_url, REVOCATIONS_CHANNEL) as gateway:
        await ada.post("/api/logout")
        await gateway.hears(sid)


async def test_an_ended_device_is_heard_by_the_others(auth: Auth, valkey_url: str) -> None:
    ada = await auth.person("ada")
    sid = await (await auth.device("ada")).sid()
    async with listening(valkey_url, REVOCATIONS_CHANNEL) as gateway:
        await ada.request("DELETE", f"/api/sessions/{sid}")
        await gateway.hears(sid)


async def test_each_session_that_a_new_password_ends_is_heard_by_the_others(auth: Auth, valkey_url: str) -> None:
    ada = await auth.person("ada")
    sid = await (await auth.device("ada")).sid()
    body = {"current_password": PASSWORD, "new_password": "another password"}
    async with listening(valkey_url, REVOCATIONS_CHANNEL) as gateway:
        await ada.post("/api/change-password", json=body)
        await gateway.hears(sid)


async def test_registrations_and_changes_of_profiles_are_heard_by_the_others(auth: Auth, valkey_url: str) -> None:
    async with listening(valkey_url, PROFILES_CHANNEL) as chat:
        ada = await auth.person("ada")
        await chat.hears("1")
        await ada.post("/api/update-nickname", data={"nickname": "Countess"})
        await chat.hears("2")
        await ada.post("/api/update-avatar", data={"avatar_url": "/api/files/x"})
        await chat.hears("3")


async def test_what_was_revoked_while_redis_was_away_is_told_when_it_is_back(
    settings: AuthSettings, clock: Clock, valkey_url: str
) -> None:
    async with serving(settings, clock) as without_redis:
        ada = await without_redis.person("ada")
        sid = await ada.sid()
        assert (await ada.post("/api/logout")).is_success
        assert await without_redis.revoked() == [sid]
    async with (
        listening(valkey_url, REVOCATIONS_CHANNEL) as gateway,
        serving(structs.replace(settings, redis_url=valkey_url), clock),
    ):
        await gateway.hears(sid)
