"""Profiles: reads the auth service's public profiles, in the order in which they changed."""

import httpx

from chat_service.domain.people import Person
from servicekit.following import Page, Told, read_page

NEWS_CHANNEL = "profiles"


class _Profiles(Told, frozen=True, kw_only=True):
    profiles: list[Person]


class Profiles:
    def __init__(self, *, http: httpx.AsyncClient, auth_url: str) -> None:
        self._http = http
        self._url = f"{auth_url.rstrip('/')}/internal/profiles"

    async def list_after(self, version: int) -> Page[Person]:
        """The next profiles after `version`. Raises ConnectionError."""
        told = await read_page(self._http, self._url, version, _Profiles)
        return told.page(told.profiles)
