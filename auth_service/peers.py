"""Peers: what the media service knows of people, and the chat service of rooms."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
import msgspec

from auth_service.domain.refusals import NotAllowed, UnknownRoom
from servicekit.peers import Peer, PeerAway

ANSWER_S_MAX = 1.0  # a list without it is better than none


class _StoredBytes(msgspec.Struct, frozen=True):
    stored_bytes: dict[str, int]


class Media:
    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def find_stored_bytes(self, usernames: Sequence[str]) -> Mapping[str, int] | None:
        """How much each keeps there, by username; None where nobody can tell."""
        if not usernames:
            return {}
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                answer = await self._peer.read("/internal/stored-bytes", _StoredBytes, username=usernames)
        except (PeerAway, TimeoutError):
            return None
        return answer.stored_bytes


class Chat:
    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    async def check_may_invite(self, username: str, room: str) -> None:
        """Raises UnknownRoom or NotAllowed. Where chat does not answer it judges later, when somebody comes."""
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                answer = await self._peer.get("/internal/inviting", username=username, room=room)
        except (PeerAway, TimeoutError):
            return
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise UnknownRoom(room)
        if answer.is_client_error:
            raise NotAllowed
