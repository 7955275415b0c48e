"""A service that follows the keys and revocations of an issuer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from servicekit.authentication import REVOCATIONS_CHANNEL, Authentication
from servicekit.bus import Bus
from servicekit.problems import Unauthenticated
from servicekit.server import running
from tests.servicekit.issuer import NOW, Issuer
from tests.waiting import eventually

WAIT_S = 5.0
KEYS, REVOCATIONS = "/.well-known/jwks.json", "/internal/revocations"


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Follower:
    """A service that follows the issuer, and what its listeners were told."""

    def __init__(self, authentication: Authentication, bus: Bus, clock: Clock) -> None:
        self.authentication = authentication
        self.bus = bus
        self.clock = clock
        self.told: list[str] = []
        authentication.on_revoked(self.told.append)

    async def passes(self, token: str | None) -> str | None:
        """The name of the bearer, or None when the token is refused."""
        try:
            async with asyncio.timeout(WAIT_S):
                return (await self.authentication.authenticate(token)).username
        except Unauthenticated:
            return None

    async def is_current(self) -> None:
        await eventually(lambda: self.authentication.is_current and self.bus.is_connected)

    async def publish(self, session_id: str | bytes) -> None:
        await self.bus.execute(("PUBLISH", self.bus.channel(REVOCATIONS_CHANNEL), session_id))


@asynccontextmanager
async def following(
    issuer: Issuer,
    redis_url: str,
    *,
    poll_interval_s: float = 0.01,
    keys_interval_s: float = 0.5,
    reread_interval_s: float = 60,
) -> AsyncIterator[Follower]:
    clock, bus = Clock(), Bus(redis_url, retry_s=0.01)
    async with httpx.AsyncClient(timeout=WAIT_S, trust_env=False) as http:
        authentication = Authentication(
            issuer_url=issuer.url,
            http=http,
            bus=bus,
            clock=clock,
            poll_interval_s=poll_interval_s,
            keys_interval_s=keys_interval_s,
            reread_interval_s=reread_interval_s,
        )
        follower = Follower(authentication, bus, clock)
        async with running(bus.run(), authentication.run()):
            yield follower
