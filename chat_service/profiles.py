"""Profiles: reads the auth service's public profiles, in the order in which they changed."""

import httpx

from chat_service.domain.people import Person
from servicekit.numbered_lists import Page, PageBody
from servicekit.peers import Peer

NEWS_CHANNEL = "profiles"


class _Profiles(PageBody, frozen=True, kw_only=True):
    profiles: list[Person]


class Profiles:
    def __init__(self, *, http: httpx.AsyncClient, auth_url: str) -> None:
        self._auth = Peer(http, auth_url)

    async def list_after(self, version: int) -> Page[Person]:
        """The next profiles after `version`. Raises ConnectionError."""
        body = await self._auth.read_page("/internal/profiles", _Profiles, after=version)
        return body.page(body.profiles)
