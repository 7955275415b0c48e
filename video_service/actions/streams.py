"""Streams: names that are published, on this instance and across instances, and the list of those that are live."""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from itertools import count
from time import monotonic

from servicekit.bus import BusUnavailable
from servicekit.logs import get_logger
from servicekit.times import rfc3339
from video_service.actions.audiences import ASK_INTERVAL_S, Audiences
from video_service.actions.broadcasts import INTEREST_S_MAX, UNBOUND_S_MAX, Broadcast, Publisher
from video_service.actions.screens import Screens
from video_service.domain.claims import Claim, Found, Interest
from video_service.domain.pictures import Picture
from video_service.domain.refusals import (
    CallEnded,
    StreamTaken,
    TooManyStreams,
    UnknownAudience,
    VideoRefusal,
)
from video_service.domain.streams import StreamView, check_name
from video_service.feed import Feed

LOOK_INTERVAL_S = 0.5
log = get_logger(__name__)


class Streams:
    """One publisher a name, everywhere. Without Redis each instance has its own names, until it is back."""

    def __init__(
        self,
        *,
        feed: Feed,
        audiences: Audiences,
        screens: Screens,
        broadcasts: dict[str, Broadcast],
        clock: Callable[[], float],
        streams_max: int,
        return_s: float,
        interest_s_max: float = INTEREST_S_MAX,
        unbound_s_max: float = UNBOUND_S_MAX,
        look_interval_s: float = LOOK_INTERVAL_S,
        ask_interval_s: float = ASK_INTERVAL_S,
    ) -> None:
        self._feed = feed
        self._audiences = audiences
        self._screens = screens
        self._broadcasts = broadcasts
        self._clock = clock
        self._streams_max = streams_max
        self._return_s = return_s
        self._new_broadcast = partial(Broadcast, interest_s_max=interest_s_max, unbound_s_max=unbound_s_max)
        self._look_interval_s = look_interval_s
        self._ask_interval_s = ask_interval_s
        self._instance = secrets.token_hex(8)
        self._numbers = count(1)
        self._kept: dict[str, tuple[Claim, float]] = {}  # whose it was, and until when

    @property
    def count(self) -> int:
        """Of those that are published on this instance."""
        return len(self._broadcasts)

    # Publishing

    async def publish(self, name: str, username: str, publisher: Publisher, audience: str | None = None) -> Broadcast:
        """Raises Invalid, StreamTaken, TooManyStreams, UnknownAudience or Unavailable."""
        check_name(name)
        named = await self._audiences.named(username, audience)
        self._check_free(name, username)
        key = f"{self._instance}:{next(self._numbers)}"
        claim = Claim(key, username, rfc3339(self._clock()), audience=named)
        broadcast = self._broadcasts[name] = self._new_broadcast(name, claim, publisher)
        try:
            await self._claim(broadcast)
        except VideoRefusal:
            del self._broadcasts[name]
            raise
        except BaseException:  # the peer is gone
            self.end(broadcast)
            raise
        self._kept.pop(name, None)
        log.info("stream started", stream=name, username=username)
        self._screens.went_live(broadcast)
        return broadcast

    def _check_free(self, name: str, username: str) -> None:
        kept, until_s = self._kept.get(name, (None, 0.0))
        is_kept = kept is not None and kept.username != username and monotonic() < until_s
        if name in self._broadcasts or is_kept:
            raise StreamTaken(name)
        if len(self._broadcasts) >= self._streams_max:
            raise TooManyStreams(self._streams_max)

    async def _claim(self, broadcast: Broadcast) -> None:
        name = broadcast.name
        try:
            binding = await self._feed.claim(name, broadcast.claim, self._streams_max)
            broadcast.take_binding(binding, monotonic())
        except BusUnavailable:
            log.warning("a stream is known on this instance only", stream=name)
            if name in self._kept and self._kept[name][0].audience.is_call:  # which may go on
                broadcast.claim = broadcast.claim._replace(audience=self._kept[name][0].audience)
        await self._feed.on_interest(name, lambda interest: self._on_interest(broadcast, interest))

    def show(self, broadcast: Broadcast, picture: Picture) -> None:
        """Show it to everybody who watches."""
        broadcast.last = picture
        self._screens.show(broadcast.name, picture)
        if broadcast.is_wanted_elsewhere(monotonic()):
            self._feed.show(broadcast.name, picture)

    def end(self, broadcast: Broadcast) -> None:
        """The publisher has gone; their watchers wait for a while."""
        if self._broadcasts.get(broadcast.name) is not broadcast:
            return
        self._forget(broadcast)
        self._feed.leave(broadcast.name, broadcast.claim)
        self._kept[broadcast.name] = broadcast.claim, monotonic() + self._return_s

    def _forget(self, broadcast: Broadcast) -> None:
        log.info("stream ended", stream=broadcast.name, username=broadcast.claim.username)
        del self._broadcasts[broadcast.name]
        self._feed.forget_interest(broadcast.name)
        self._screens.went_away(broadcast.name)

    def _on_interest(self, broadcast: Broadcast, interest: Interest) -> None:
        if broadcast.take_interest(interest, monotonic()) and broadcast.last is not None:
            self._feed.show(broadcast.name, broadcast.last)

    # Listing

    async def list_live(self, username: str) -> list[StreamView]:
        """What they may see and is not part of a call, by name."""
        try:
            elsewhere = await self._feed.list_all()
        except BusUnavailable:
            elsewhere = []
        live = {found.name: found for found in elsewhere if found.is_live}
        for name, broadcast in self._broadcasts.items():
            claim = self._screens.claim_now(broadcast)
            if name in live and live[name].claim.key == claim.key:
                claim = claim._replace(audience=live[name].claim.audience)
            live[name] = Found(name, claim, is_live=True)
        shown = await self._audiences.listed(username, live.values())
        return sorted((found.claim.view(found.name) for found in shown), key=lambda view: view.name)

    # Keeping it true

    async def run(self) -> None:
        """Renew claims and look after what is watched, until cancelled."""
        await self._feed.on_binding(self._on_binding)
        while True:
            await asyncio.sleep(self._look_interval_s)
            await self._renew()
            await self._screens.look()
            now_s = monotonic()
            self._kept = {name: kept for name, kept in self._kept.items() if kept[1] > now_s}

    async def _renew(self) -> None:
        broadcasts = dict(self._broadcasts)
        try:
            kept = await self._feed.renew({name: self._screens.claim_now(one) for name, one in broadcasts.items()})
        except BusUnavailable:
            return
        for name, broadcast in broadcasts.items():
            if name in kept:
                self._bind(broadcast, kept[name])
            else:  # while Redis was away, somebody took the name elsewhere
                self._lose(broadcast, StreamTaken(name))

    def _on_binding(self, name: str, binding: bytes) -> None:
        """A call binds the stream, or has ended."""
        if (broadcast := self._broadcasts.get(name)) is not None:
            self._bind(broadcast, binding)
        else:
            self._screens.on_binding(name, binding)

    def _bind(self, broadcast: Broadcast, binding: bytes | None) -> None:
        if self._broadcasts.get(broadcast.name) is not broadcast:
            return
        if not broadcast.take_binding(binding, monotonic()):
            self._drop(broadcast, CallEnded(broadcast.name))
        else:
            self._screens.narrow(broadcast.name, broadcast.claim)

    def _drop(self, broadcast: Broadcast, refusal: VideoRefusal) -> None:
        """Nobody watches on, and the name is free."""
        self._feed.drop(broadcast.name, broadcast.claim)
        self._lose(broadcast, refusal)
        self._screens.is_over(broadcast.name)

    def _lose(self, broadcast: Broadcast, refusal: VideoRefusal) -> None:
        if self._broadcasts.get(broadcast.name) is broadcast:
            self._forget(broadcast)
            broadcast.publisher.lost(refusal)

    async def run_audiences(self) -> None:
        """Ask again who is in the rooms to which streams are shown, until cancelled."""
        while True:
            await asyncio.sleep(self._ask_interval_s)
            rooms = await self._screens.ask_again()
            for broadcast in tuple(self._broadcasts.values()):
                claim = broadcast.claim
                if claim.audience.room is not None:
                    rooms.add(claim.audience.room)
                    if not await self._audiences.still_admitted(claim, {claim.username}):
                        self._drop(broadcast, UnknownAudience(str(claim.audience)))
            self._audiences.forget_all_but(rooms)

    def close(self) -> None:
        """Let every name go, as if its publisher had gone."""
        for broadcast in tuple(self._broadcasts.values()):
            self.end(broadcast)
