"""Neighbours: what chat knows of conversations, and auth of people, asked over HTTP."""

from collections.abc import Collection, Sequence

import httpx
import msgspec

from servicekit.following import Page, Told, read_page
from servicekit.problems import Unavailable
from video_service.domain.refusals import UnknownAudience

PROFILES_NEWS = "profiles"
MEMBERS_ASKED_MAX = 100  # with one request


class Profile(msgspec.Struct, frozen=True):
    """Who is who, at its `version`; or that the account is gone."""

    username: str
    version: int
    erased: bool = False


class _Profiles(Told, frozen=True, kw_only=True):
    profiles: list[Profile]


class _Audience(msgspec.Struct, frozen=True):
    label: str


class _Members(msgspec.Struct, frozen=True):
    usernames: set[str]


class Neighbours:
    def __init__(self, *, http: httpx.AsyncClient, auth_url: str, chat_urls: Sequence[str]) -> None:
        self._http = http
        self._auth_url = auth_url.rstrip("/")
        self._chat_urls = [url.strip().rstrip("/") for url in chat_urls]

    async def label_of(self, username: str, label: str) -> str:
        """How the conversation is really called in which they may write. Raises UnknownAudience or Unavailable."""
        answer = await self._ask_chat("/internal/audience", {"username": username, "label": label})
        if answer.status_code != httpx.codes.OK:
            raise UnknownAudience(label)
        return msgspec.json.decode(answer.content, type=_Audience).label

    async def members(self, room: str, usernames: Collection[str]) -> set[str]:
        """Those of them who are in the room. Raises Unavailable."""
        found: set[str] = set()
        asked = sorted(usernames)
        for first in range(0, len(asked), MEMBERS_ASKED_MAX):
            some = asked[first : first + MEMBERS_ASKED_MAX]
            answer = await self._ask_chat("/internal/members", {"room": room, "username": some})
            if answer.status_code == httpx.codes.OK:
                found |= msgspec.json.decode(answer.content, type=_Members).usernames
        return found

    async def _ask_chat(self, path: str, query: dict[str, str | list[str]]) -> httpx.Response:
        for url in self._chat_urls:
            try:
                answer = await self._http.get(url + path, params=query)
            except httpx.HTTPError:
                continue
            if not answer.is_server_error:
                return answer
        raise Unavailable("The chat service does not answer, so who may see the stream is not known now.")

    async def profiles_after(self, version: int) -> Page[Profile]:
        """Raises ConnectionError."""
        told = await read_page(self._http, f"{self._auth_url}/internal/profiles", version, _Profiles)
        return told.page(told.profiles)
