"""Limits: how often somebody may try, counted in Redis, or in this process while Redis is away."""

import math
import time
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

import msgspec
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from gateway.domain.refusals import TooManyRequests
from servicekit.logs import get_logger

REDIS_TIMEOUT_S = 0.5
log = get_logger(__name__)


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """0 switches a limit off."""

    sign_ins_per_minute_username: int
    sign_ins_per_minute_address: int
    registrations_per_hour_address: int


class Limits:
    """Every attempt counts, whatever came of it."""

    def __init__(self, rates: Rates, *, redis_url: str) -> None:
        self._rates = rates
        self._storage = RedisStorage(
            "async+" + redis_url.replace("unix://", "redis+unix://", 1),
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="parley:limits",
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
        )
        self._shared = MovingWindowRateLimiter(self._storage)
        self._local = MovingWindowRateLimiter(MemoryStorage())

    async def close(self) -> None:
        bridge: Any = self._storage.bridge
        await bridge.get_connection().aclose()

    async def check_sign_in(self, *, username: str | None, address: str) -> None:
        """Raises TooManyRequests."""
        rates, network = self._rates, _network(address)
        await self._hit(RateLimitItemPerMinute, rates.sign_ins_per_minute_address, "sign-in", "address", network)
        if username is not None:
            name = username.casefold()[:64]
            await self._hit(RateLimitItemPerMinute, rates.sign_ins_per_minute_username, "sign-in", "username", name)

    async def check_password(self, *, username: str) -> None:
        """For who is signed in and proves a password, perhaps with a stolen token. Raises TooManyRequests."""
        amount = self._rates.sign_ins_per_minute_username
        await self._hit(RateLimitItemPerMinute, amount, "password attempt", "username", username.casefold())

    async def check_registration(self, *, address: str) -> None:
        """Raises TooManyRequests."""
        amount = self._rates.registrations_per_hour_address
        await self._hit(RateLimitItemPerHour, amount, "registration", "address", _network(address))

    async def _hit(self, kind: type[RateLimitItem], amount: int, what: str, by: str, who: str) -> None:
        if not amount:
            return
        item = kind(amount)
        reset_at_s = await self._try(item, what, by, who)
        if reset_at_s is not None:
            retry_after_s = max(1, math.ceil(reset_at_s - time.time()))
            log.warning("rate limited", what=what, by=by, who=who)
            raise TooManyRequests(what, retry_after_s)

    async def _try(self, item: RateLimitItem, *identifiers: str) -> float | None:
        """None when the attempt passed, else when the next one may (seconds since the epoch)."""
        try:
            return await _hit(self._shared, item, *identifiers)
        except StorageError as error:
            log.warning("redis is away, counting here", reason=type(error.storage_error).__name__)
            return await _hit(self._local, item, *identifiers)


async def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, *identifiers: str) -> float | None:
    if await limiter.hit(item, *identifiers):
        return None
    return (await limiter.get_window_stats(item, *identifiers)).reset_time


def _network(address: str) -> str:
    """Whom an address counts for: with IPv6 whoever has one has a whole /64 of them to choose from."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address) or ip.ipv4_mapped is not None:
        return address
    return str(IPv6Network((ip, 64), strict=False))
