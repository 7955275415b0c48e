"""The feed: tells the other services what has changed here. Only a nudge: the store is the truth."""

import asyncio

from servicekit.authentication import REVOCATIONS_CHANNEL
from servicekit.bus import Bus, Reply

PROFILES_CHANNEL = "profiles"


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
        self._publish(REVOCATIONS_CHANNEL, *session_ids)

    def profile_changed(self, version: int) -> None:
        self._publish(PROFILES_CHANNEL, str(version))

    def _publish(self, channel: str, *payloads: str) -> None:
        if payloads:
            commands = [("PUBLISH", self._bus.channel(channel), payload) for payload in payloads]
            self._bus.execute(*commands).add_done_callback(_forget)


def _forget(published: asyncio.Future[list[Reply]]) -> None:
    published.cancelled() or published.exception()
