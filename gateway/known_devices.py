"""Known devices: whether somebody has signed in from there as that person before, asked of the auth service."""

import asyncio
from urllib.parse import urlencode

import msgspec

from gateway.domain.refusals import ServiceAway, ServiceBroken, ServiceTooSlow
from gateway.upstream import Upstream

ANSWER_S_MAX = 2.0


class _Known(msgspec.Struct, frozen=True):
    known_as: str


class KnownDevices:
    def __init__(self, auth: Upstream) -> None:
        self._auth = auth

    async def known_as(self, username: str, client_address: str, browser: str) -> str:
        """By what it is known; empty where it is not, and while nobody can say."""
        query = urlencode({"username": username, "address": client_address, "browser": browser})
        head = f"GET /internal/known-device?{query} HTTP/1.1\r\nhost: auth\r\n\r\n".encode()
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                return await self._ask(head)
        except (ServiceAway, ServiceBroken, ServiceTooSlow, TimeoutError, msgspec.DecodeError):
            return ""

    async def _ask(self, head: bytes) -> str:
        connection = await self._auth.ask("GET", head)
        try:
            body = await connection.whole_body()
            return msgspec.json.decode(body, type=_Known).known_as if connection.status == 200 else ""
        finally:
            connection.done()
