"""The known instance: what this place is called and who may register, asked of the auth service every few seconds."""

import asyncio
from collections.abc import Callable
from time import monotonic

import msgspec

from gateway.domain.community import Instance
from gateway.domain.refusals import NoFilesLeft, ServiceAway, ServiceBroken, ServiceTooSlow
from gateway.upstream import Upstream

KEPT_S = 3.0
ANSWER_S_MAX = 1.0
_HEAD = b"GET /api/instance HTTP/1.1\r\nhost: auth\r\n\r\n"


class KnownInstance:
    """`current` is what was told last, and stays so while nobody can tell."""

    def __init__(self, auth: Upstream, *, kept_s: float = KEPT_S, clock: Callable[[], float] = monotonic) -> None:
        self.current = Instance()
        self._auth = auth
        self._kept_s = kept_s
        self._clock = clock
        self._asked_at_s = float("-inf")
        self._is_known = False
        self._asking = asyncio.Lock()

    async def keep_fresh(self) -> None:
        """Ask where that is due. Nobody waits for an answer that another waits for, but for the first."""
        if self._is_fresh or (self._is_known and self._asking.locked()):
            return
        async with self._asking:
            if not self._is_fresh:
                await self._ask()

    async def refresh(self) -> None:
        """Ask in any case: it may be another one now."""
        async with self._asking:
            await self._ask()

    @property
    def _is_fresh(self) -> bool:
        return self._clock() - self._asked_at_s < self._kept_s

    async def _ask(self) -> None:
        self._asked_at_s = self._clock()
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                self.current = await self._answer()
                self._is_known = True
        except (ServiceAway, ServiceBroken, ServiceTooSlow, NoFilesLeft, TimeoutError, msgspec.DecodeError):
            return

    async def _answer(self) -> Instance:
        connection = await self._auth.ask("GET", _HEAD)
        try:
            body = await connection.whole_body()
            return msgspec.json.decode(body, type=Instance) if connection.status == 200 else self.current
        finally:
            connection.done()
