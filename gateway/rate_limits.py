"""Rate limits: how often somebody may try, counted in Redis, or in this process while Redis is away."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import quote

import msgspec
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from gateway import metrics
from gateway.domain.refusals import TooManyRequests
from servicekit.logs import get_logger
from servicekit.networks import network_of, wider_network_of

REDIS_TIMEOUT_S = 0.5
# Redis is left alone for so long after it did not answer: who tries meanwhile does not wait for it as well.
REST_S = 1.0
NAME_LENGTH_MAX = 64
# Who has one network may have its neighbours: together they may do so many times what one may.
WIDER_NETWORK_FACTOR = 10
# Answers to a wrong password; whatever else is answered, no password was tried in vain.
WRONG = frozenset({401, 403})
KnownAs: TypeAlias = Callable[[str, str, str], Awaitable[str]]
log = get_logger(__name__)


class CountedAttempt(msgspec.Struct, frozen=True):
    """A password that was counted as if it were wrong; `settle` says what came of it."""

    key: str
    is_shared: bool


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """0 switches a limit off."""

    sign_ins_per_minute_username: int
    sign_ins_per_minute_address: int
    registrations_per_hour_address: int
    links_per_minute_address: int


class RateLimits:
    """Of a name the wrong passwords count; of devices and networks every attempt, whatever came of it.

    A known device has counts of its own: what strangers try in somebody's name does not lock them out.
    """

    def __init__(self, rates: Rates, *, redis_url: str, known_as: KnownAs) -> None:
        self._rates = rates
        self._known_as = known_as
        self._storage = RedisStorage(
            "async+" + redis_url.replace("unix://", "redis+unix://", 1),
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="parley:limits",
            socket_timeout=REDIS_TIMEOUT_S,
            socket_connect_timeout=REDIS_TIMEOUT_S,
        )
        self._memory = MemoryStorage()
        self._shared = MovingWindowRateLimiter(self._storage)
        self._local = MovingWindowRateLimiter(self._memory)
        self._rests_until_s = float("-inf")
        self._is_away = False

    async def aclose(self) -> None:
        await self._bridge.get_connection().aclose()

    async def check_sign_in(self, *, username: str | None, client_address: str, browser: str) -> CountedAttempt | None:
        """Count it, before it is known whether the password is right. Raises TooManyRequests."""
        rates = self._rates
        if not (rates.sign_ins_per_minute_username or rates.sign_ins_per_minute_address):
            return None
        name = (username or "").strip().casefold()[:NAME_LENGTH_MAX]
        known_as = await self._known_as(name, client_address, browser) if name else ""
        if known_as:
            await self._hit_known_device("sign-in", client_address, name, known_as)
        else:
            await self._hit_networks(
                RateLimitItemPerMinute, rates.sign_ins_per_minute_address, "sign-in", client_address
            )
        if username is None:
            return None
        item = RateLimitItemPerMinute(rates.sign_ins_per_minute_username)
        return await self._hit(item, "sign-in", "username", name, known_as)

    async def check_password(self, *, username: str, client_address: str) -> CountedAttempt | None:
        """For who is signed in and proves a password, perhaps with a stolen token. Raises TooManyRequests."""
        name = username.casefold()
        await self._hit_known_device("password attempt", client_address, name)
        item = RateLimitItemPerMinute(self._rates.sign_ins_per_minute_username)
        return await self._hit(item, "password attempt", "username", name)

    async def settle(self, attempt: CountedAttempt | None, status: int) -> None:
        """The password was answered with `status`: where it was not wrong, the attempt is given back."""
        if attempt is None or status in WRONG:
            return
        if not attempt.is_shared:
            del self._memory.events.get(attempt.key, [])[:1]
            return
        try:
            # The newest, whosever it is: they are alike.
            await self._bridge.get_connection().lpop(self._bridge.prefixed_key(attempt.key))
        except self._storage.base_exceptions as error:
            log.warning("redis is away, an attempt stays counted", reason=type(error).__name__)

    async def check_registration(self, *, client_address: str) -> None:
        """Raises TooManyRequests."""
        amount = self._rates.registrations_per_hour_address
        await self._hit_networks(RateLimitItemPerHour, amount, "registration", client_address)

    async def check_link(self, *, client_address: str) -> None:
        """For who has, or tries, the secret of one. Raises TooManyRequests."""
        amount = self._rates.links_per_minute_address
        await self._hit_networks(RateLimitItemPerMinute, amount, "link visit", client_address)

    @property
    def _bridge(self) -> Any:
        return self._storage.bridge

    async def _hit_known_device(self, what: str, client_address: str, name: str, known_as: str = "") -> None:
        """Those of one network together, too: who has many accounts has as many known devices."""
        amount = self._rates.sign_ins_per_minute_address
        await self._hit(RateLimitItemPerMinute(amount), what, "known device", name, known_as)
        together = RateLimitItemPerMinute(amount * WIDER_NETWORK_FACTOR)
        await self._hit(together, what, "network of known devices", wider_network_of(client_address))

    async def _hit_networks(self, kind: type[RateLimitItem], amount: int, what: str, client_address: str) -> None:
        await self._hit(kind(amount), what, "address", network_of(client_address))
        await self._hit(kind(amount * WIDER_NETWORK_FACTOR), what, "network", wider_network_of(client_address))

    async def _hit(
        self, item: RateLimitItem, what: str, by: str, who: str, known_as: str = ""
    ) -> CountedAttempt | None:
        if not item.amount:
            return None
        # They are joined by a slash, which a name that a stranger chose may hold as well.
        identifiers = [quote(part, safe="") for part in (what, by, who, known_as)]
        reset_at_s, is_shared = await self._count(item, *identifiers)
        if reset_at_s is None:
            return CountedAttempt(item.key_for(*identifiers), is_shared)
        metrics.attempts_refused.labels(what).inc()
        log.warning("rate limited", what=what, by=by, who=who, is_known=bool(known_as))
        raise TooManyRequests(what, max(1, math.ceil(reset_at_s - time.time())))

    async def _count(self, item: RateLimitItem, *identifiers: str) -> tuple[float | None, bool]:
        """When the next one may pass, None where this one did; and whether Redis counts it."""
        if time.monotonic() >= self._rests_until_s:
            try:
                reset_at_s = await _hit(self._shared, item, *identifiers)
            except StorageError as error:
                self._rests_until_s = time.monotonic() + REST_S
                if not self._is_away:
                    log.warning("redis is away, counting here", reason=type(error.storage_error).__name__)
                self._is_away = True
            else:
                self._is_away = False
                return reset_at_s, True
        return await _hit(self._local, item, *identifiers), False


async def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, *identifiers: str) -> float | None:
    """None when the attempt passed, else when the next one may (seconds since the epoch)."""
    if await limiter.hit(item, *identifiers):
        return None
    return (await limiter.get_window_stats(item, *identifiers)).reset_time
