"""Neighbours: what the auth and the chat service know of files, asked over HTTP."""

from collections.abc import Sequence

import httpx
import msgspec

from media_service.domain.refusals import NeighbourAway
from servicekit.following import Page, Told, read_page

PROFILES_NEWS, RELEASES_NEWS, REMOVALS_NEWS = "profiles", "released-files", "removed-files"


class Profile(msgspec.Struct, frozen=True):
    """Whose picture is which, at its `version`; or that the account is gone."""

    username: str
    pfp: str | None
    version: int
    erased: bool = False


class Release(msgspec.Struct, frozen=True):
    """A file that no message shows any more."""

    number: int
    file_id: str


class _Profiles(Told, frozen=True, kw_only=True):
    profiles: list[Profile]


class _Releases(Told, frozen=True, kw_only=True):
    released: list[Release]


class Neighbours:
    def __init__(self, *, http: httpx.AsyncClient, auth_url: str, chat_urls: Sequence[str]) -> None:
        self._http = http
        self._auth_url = auth_url.rstrip("/")
        self._chat_urls = [url.strip().rstrip("/") for url in chat_urls]

    async def may_see(self, username: str, file_id: str) -> bool:
        """Whether the file was posted in a conversation that they are in. Raises NeighbourAway."""
        for url in self._chat_urls:
            try:
                answer = await self._http.get(f"{url}/internal/attachments/{file_id}", params={"reader": username})
            except httpx.HTTPError:
                continue
            if answer.status_code in {204, 404}:
                return answer.status_code == 204
        raise NeighbourAway

    async def profiles_after(self, version: int) -> Page[Profile]:
        """Raises ConnectionError."""
        told = await read_page(self._http, f"{self._auth_url}/internal/profiles", version, _Profiles)
        return told.page(told.profiles)

    async def releases_after(self, number: int) -> Page[Release]:
        """The chat instances share one list: any of them will do. Raises ConnectionError."""
        failed = ConnectionError("there is no chat service")
        for url in self._chat_urls:
            try:
                told = await read_page(self._http, f"{url}/internal/released-files", number, _Releases)
            except ConnectionError as error:
                failed = error
            else:
                return told.page(told.released)
        raise failed
