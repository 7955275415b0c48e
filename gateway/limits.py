"""Limits: how often somebody may try, counted in Redis, or in this process while Redis is away."""

import math
import time
from typing import Any

import msgspec
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

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
            f"async+{redis_url}",
            implementation="redispy",
            key_prefix="parley:limits",
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
        )
        self._shared = MovingWindowRateLimiter(self._storage)
        self._local = MovingWindowRateLimiter(MemoryStorage())

    async def check_sign_in(self, *, username: str | None, address: str) -> None:
        """Raises TooManyRequests."""
        rates = self._rates
        await self._hit(RateLimitItemPerMinute, rates.sign_ins_per_minute_address, "sign-in", "address", address)
        if username is not None:
            name = username.casefold()[:64]
            await self._hit(RateLimitItemPerMinute, rates.sign_ins_per_minute_username, "sign-in", "username", name)

    async def check_registration(self, *, address: str) -> None:
        """Raises TooManyRequests."""
        amount = self._rates.registrations_per_hour_address
        await self._hit(RateLimitItemPerHour, amount, "registration", "address", address)

    async def _hit(self, kind: type[RateLimitItem], amount: int, what: str, by: str, who: str) -> None:
        if not amount:
            return
        item = kind(amount)
        limiter, passed = await self._try(item, what, by, who)
        if not passed:
            reset_at_s = (await limiter.get_window_stats(item, what, by, who)).reset_time
            retry_after_s = max(1, math.ceil(reset_at_s - time.time()))
            log.warning("rate limited", what=what, by=by, who=who)
            raise TooManyRequests(what, retry_after_s)

    async def _try(self, item: RateLimitItem, *identifiers: str) -> tuple[Any, bool]:
        try:
            return self._shared, await self._shared.hit(item, *identifiers)
        except (self._storage.base_exceptions, OSError) as error:  # type: ignore[misc]
            log.warning("redis is away, counting here", reason=type(error).__name__)
            return self._local, await self._local.hit(item, *identifiers)
