"""The feed: tells the other services what has changed here. Only a nudge: the store is the truth."""

import asyncio
import time
from collections.abc import Callable

from servicekit.authentication import REVOCATIONS_CHANNEL
from servicekit.bus import Bus

PROFILES_CHANNEL = "profiles"
ORDERS_CHANNEL = "orders"


class Feed:
    """Publishing never waits and never fails; `connected` says when to tell again what Redis missed."""

    def __init__(self, bus: Bus, *, clock: Callable[[], float] = time.time) -> None:
        self._bus = bus
        self._clock = clock
        self._connected = asyncio.Event()
        bus.on_connected(self._connected.set)

    async def connected(self) -> None:
        """Return at the next connection to Redis that this has not yet returned for."""
        await self._connected.wait()
        self._connected.clear()

    def sessions_ended(self, *session_ids: str) -> None:
        """They ended this moment: who closes their connections can say how long it took."""
        now = self._clock()
        self._publish(REVOCATIONS_CHANNEL, *(f"{session_id} {now:.4f}" for session_id in session_ids))
        self.remind_of_ended(*session_ids)  # instances of before know no time

    def remind_of_ended(self, *session_ids: str) -> None:
        """They ended at some time."""
        self._publish(REVOCATIONS_CHANNEL, *session_ids)

    def profile_changed(self, version: int) -> None:
        self._publish(PROFILES_CHANNEL, str(version))

    def order_given(self, number: int) -> None:
        self._publish(ORDERS_CHANNEL, str(number))

    def _publish(self, channel: str, *payloads: str) -> None:
        if payloads:
            self._bus.send(*(("PUBLISH", self._bus.channel(channel), payload) for payload in payloads))
