"""Audiences: the one place that answers who may see a stream, for every way to it and for as long as it is watched."""

import asyncio
from collections.abc import Collection, Iterable
from time import monotonic

from servicekit.problems import Unavailable
from video_service.domain.audiences import EVERYBODY, Audience
from video_service.domain.leases import FoundStream, Lease
from video_service.peers import Peers

ASK_INTERVAL_S = 1.0  # how often the members of a room are asked for again while its streams are watched
UNASKED_S_MAX = 10.0  # after which nobody watches on, where chat does not answer


class Audiences:
    def __init__(self, *, peers: Peers, unasked_s_max: float = UNASKED_S_MAX) -> None:
        self._peers = peers
        self._unasked_s_max = unasked_s_max
        self._answered_at_s: dict[str, float] = {}  # by room

    async def named(self, username: str, label: str | None) -> Audience:
        """The conversation that the publisher names, `@grace` or `#room`. Raises UnknownAudience or Unavailable."""
        if label is None:
            return EVERYBODY
        return Audience.decode(await self._peers.label_of(username, label))

    async def admitted(self, lease: Lease, usernames: Collection[str]) -> set[str]:
        """Who of them may see the stream now. Raises Unavailable."""
        said = {username: lease.admits(username) for username in usernames}
        unknown = [username for username, may_see in said.items() if may_see is None]
        members = await self._peers.members(lease.audience.whom, unknown) if unknown else set()
        return members | {username for username, may_see in said.items() if may_see}

    async def still_admitted(self, lease: Lease, usernames: Collection[str]) -> set[str]:
        """The same of those who may already: for a while also where chat does not answer."""
        now_s, room = monotonic(), lease.audience.whom
        self._answered_at_s.setdefault(room, now_s)
        try:
            admitted = await self.admitted(lease, usernames)
        except Unavailable:
            return set(usernames) if now_s - self._answered_at_s[room] < self._unasked_s_max else set()
        self._answered_at_s[room] = now_s
        return admitted

    def forget_all_but(self, rooms: Collection[str]) -> None:
        """Those of which no stream is watched or published here."""
        self._answered_at_s = {room: at_s for room, at_s in self._answered_at_s.items() if room in rooms}

    async def listed(self, username: str, streams: Iterable[FoundStream]) -> list[FoundStream]:
        """Those that they are shown in the list. Without chat, none of a room."""
        said = [(one, one.lease.lists(username)) for one in streams]
        rooms = sorted({one.lease.audience.whom for one, is_listed in said if is_listed is None})
        are_in = dict(zip(rooms, await asyncio.gather(*(self._is_in(username, room) for room in rooms)), strict=True))
        return [one for one, is_listed in said if (are_in[one.lease.audience.whom] if is_listed is None else is_listed)]

    async def _is_in(self, username: str, room: str) -> bool:
        try:
            return bool(await self._peers.members(room, [username]))
        except Unavailable:
            return False
