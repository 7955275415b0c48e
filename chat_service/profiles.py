"""Profiles: reads the auth service's public profiles, in the order in which they changed."""

from collections.abc import Sequence

import httpx
import msgspec

from chat_service.domain.people import Person
from servicekit.following import read_page

NEWS_CHANNEL = "profiles"


class _Page(msgspec.Struct, frozen=True):
    profiles: list[Person]


class Profiles:
    def __init__(self, *, http: httpx.AsyncClient, auth_url: str) -> None:
        self._http = http
        self._url = f"{auth_url.rstrip('/')}/internal/profiles"

    async def list_after(self, version: int) -> Sequence[Person]:
        """The next profiles after `version`. Raises ConnectionError."""
        return (await read_page(self._http, self._url, version, _Page)).profiles
