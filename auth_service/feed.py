"""The feed: tells the other services what has changed here. Only a nudge: the store is the truth."""

import asyncio
from time import perf_counter

from auth_service import metrics
from servicekit.authentication import REVOCATIONS_CHANNEL
from servicekit.bus import Bus, Reply

PROFILES_CHANNEL = "profiles"
ORDERS_CHANNEL = "orders"


class Feed:
    """Publishing never waits and never fails; `connected` says when to tell again what Redis missed."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._connected = asyncio.Event()
        bus.on_connected(self._connected.set)

    async def connected(self) -> None:
        """Return at the next connection to Redis that this has not yet returned for."""
        await self._connected.wait()
        self._connected.clear()

    def sessions_revoked(self, *session_ids: str) -> None:
        ended_s = perf_counter()

        def observe(published: asyncio.Future[list[Reply]]) -> None:
            if _has_worked(published):
                metrics.revocation_seconds.observe(perf_counter() - ended_s)

        if session_ids:
            self._publish(REVOCATIONS_CHANNEL, *session_ids).add_done_callback(observe)

    def profile_changed(self, version: int) -> None:
        self._publish(PROFILES_CHANNEL, str(version)).add_done_callback(_has_worked)

    def order_given(self, number: int) -> None:
        self._publish(ORDERS_CHANNEL, str(number)).add_done_callback(_has_worked)

    def _publish(self, channel: str, *payloads: str) -> asyncio.Future[list[Reply]]:
        return self._bus.execute(*(("PUBLISH", self._bus.channel(channel), payload) for payload in payloads))


def _has_worked(published: asyncio.Future[list[Reply]]) -> bool:
    """Looked at, so that asyncio does not report it."""
    return not published.cancelled() and published.exception() is None
