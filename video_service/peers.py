"""Peers: what chat knows of conversations, and auth of people."""

from collections.abc import Collection, Sequence

import httpx
import msgspec

from servicekit.numbered_lists import Page, PageBody
from servicekit.peers import Peer, PeerAway
from servicekit.problems import Unavailable
from video_service.domain.refusals import UnknownAudience

PROFILES_CHANNEL = "profiles"
MEMBERS_ASKED_MAX = 100  # with one request


class Profile(msgspec.Struct, frozen=True):
    """Who is who, at its `version`; or that the account is gone."""

    username: str
    version: int
    erased: bool = False


class _Profiles(PageBody, frozen=True, kw_only=True):
    profiles: list[Profile]


class _Audience(msgspec.Struct, frozen=True):
    label: str


class _Members(msgspec.Struct, frozen=True):
    usernames: set[str]


class Peers:
    def __init__(self, *, auth: Peer, chat: Peer) -> None:
        self._auth = auth
        self._chat = chat

    async def label_of(self, username: str, label: str) -> str:
        """How the conversation is really called in which they may write. Raises UnknownAudience or Unavailable."""
        response = await self._ask_chat("/internal/audience", username=username, label=label)
        if response.status_code != httpx.codes.OK:
            raise UnknownAudience(label)
        return msgspec.json.decode(response.content, type=_Audience).label

    async def members(self, room: str, usernames: Collection[str]) -> set[str]:
        """Those of them who are in the room. Raises Unavailable."""
        found: set[str] = set()
        asked = sorted(usernames)
        for first in range(0, len(asked), MEMBERS_ASKED_MAX):
            some = asked[first : first + MEMBERS_ASKED_MAX]
            response = await self._ask_chat("/internal/members", room=room, username=some)
            if response.status_code == httpx.codes.OK:
                found |= msgspec.json.decode(response.content, type=_Members).usernames
        return found

    async def _ask_chat(self, path: str, **query: str | Sequence[str]) -> httpx.Response:
        try:
            return await self._chat.get(path, **query)
        except PeerAway:
            raise Unavailable("The chat service does not answer, so who may see the stream is not known now.") from None

    async def profiles_after(self, version: int) -> Page[Profile]:
        """Raises PeerAway."""
        body = await self._auth.read_page("/internal/profiles", _Profiles, after=version)
        return body.page(body.profiles)
