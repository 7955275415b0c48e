"""Profiles: reads the auth service's public profiles, in the order in which they changed."""

import httpx
import msgspec

from chat_service.domain.people import Person

NEWS_CHANNEL = "profiles"
PAGE_MAX = 500


class _Page(msgspec.Struct, frozen=True):
    profiles: list[Person]


class Profiles:
    def __init__(self, *, http: httpx.AsyncClient, auth_url: str) -> None:
        self._http = http
        self._url = f"{auth_url.rstrip('/')}/internal/profiles"

    async def list_after(self, version: int) -> list[Person]:
        """The next profiles after `version`, at most PAGE_MAX. Raises ConnectionError."""
        try:
            response = await self._http.get(self._url, params={"after": version, "limit": PAGE_MAX})
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=_Page).profiles
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise ConnectionError(f"the auth service gives no profiles: {error}") from None
