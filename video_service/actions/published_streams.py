"""Published streams: their names, on this instance and across instances, and the list of those that are live."""

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
from video_service.actions.published_stream import INTEREST_S_MAX, UNBOUND_S_MAX, PublishedStream, Publisher
from video_service.actions.watched_streams import WatchedStreams
from video_service.domain.leases import FoundStream, Interest, Lease
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


class PublishedStreams:
    """One publisher a name, everywhere. Without Redis each instance has its own names, until it is back."""

    def __init__(
        self,
        *,
        feed: Feed,
        audiences: Audiences,
        watched_streams: WatchedStreams,
        published: dict[str, PublishedStream],
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
        self._watched_streams = watched_streams
        self._published = published
        self._clock = clock
        self._streams_max = streams_max
        self._return_s = return_s
        self._new_published = partial(PublishedStream, interest_s_max=interest_s_max, unbound_s_max=unbound_s_max)
        self._look_interval_s = look_interval_s
        self._ask_interval_s = ask_interval_s
        self._instance = secrets.token_hex(8)
        self._numbers = count(1)
        self._kept: dict[str, tuple[Lease, float]] = {}  # whose it was, and until when

    @property
    def count(self) -> int:
        """Of those that are published on this instance."""
        return len(self._published)

    # Publishing

    async def publish(
        self, name: str, username: str, publisher: Publisher, audience: str | None = None
    ) -> PublishedStream:
        """Raises Invalid, StreamTaken, TooManyStreams, UnknownAudience or Unavailable."""
        check_name(name)
        named = await self._audiences.named(username, audience)
        self._check_free(name, username)
        key = f"{self._instance}:{next(self._numbers)}"
        lease = Lease(key, username, rfc3339(self._clock()), audience=named)
        published = self._published[name] = self._new_published(name, lease, publisher)
        try:
            await self._acquire(published)
        except VideoRefusal:
            del self._published[name]
            raise
        except BaseException:  # the client is gone
            self.end(published)
            raise
        self._kept.pop(name, None)
        log.info("stream started", stream=name, username=username)
        self._watched_streams.went_live(published)
        return published

    def _check_free(self, name: str, username: str) -> None:
        kept, until_s = self._kept.get(name, (None, 0.0))
        is_kept = kept is not None and kept.username != username and monotonic() < until_s
        if name in self._published or is_kept:
            raise StreamTaken(name)
        if len(self._published) >= self._streams_max:
            raise TooManyStreams(self._streams_max)

    async def _acquire(self, published: PublishedStream) -> None:
        name = published.name
        try:
            binding = await self._feed.acquire(name, published.lease, self._streams_max)
            published.take_binding(binding, monotonic())
        except BusUnavailable:
            log.warning("a stream is known on this instance only", stream=name)
            if name in self._kept and self._kept[name][0].audience.is_call:  # which may go on
                published.lease = published.lease._replace(audience=self._kept[name][0].audience)
        await self._feed.on_interest(name, lambda interest: self._on_interest(published, interest))

    def show(self, published: PublishedStream, picture: Picture) -> None:
        """Show it to everybody who watches."""
        published.last = picture
        self._watched_streams.show(published.name, picture)
        if published.is_wanted_elsewhere(monotonic()):
            self._feed.show(published.name, picture)

    def end(self, published: PublishedStream) -> None:
        """The publisher has gone; their watchers wait for a while."""
        if self._published.get(published.name) is not published:
            return
        self._forget(published)
        self._feed.leave(published.name, published.lease)
        self._kept[published.name] = published.lease, monotonic() + self._return_s

    def _forget(self, published: PublishedStream) -> None:
        log.info("stream ended", stream=published.name, username=published.lease.username)
        del self._published[published.name]
        self._feed.forget_interest(published.name)
        self._watched_streams.went_away(published.name)

    def _on_interest(self, published: PublishedStream, interest: Interest) -> None:
        if published.take_interest(interest, monotonic()) and published.last is not None:
            self._feed.show(published.name, published.last)

    # Listing

    async def list_live(self, username: str) -> list[StreamView]:
        """What they may see and is not part of a call, by name."""
        try:
            elsewhere = await self._feed.list_all()
        except BusUnavailable:
            elsewhere = []
        live = {found.name: found for found in elsewhere if found.is_live}
        for name, published in self._published.items():
            lease = self._watched_streams.lease_now(published)
            if name in live and live[name].lease.key == lease.key:
                lease = lease._replace(audience=live[name].lease.audience)
            live[name] = FoundStream(name, lease, is_live=True)
        shown = await self._audiences.listed(username, live.values())
        return sorted((found.lease.view(found.name) for found in shown), key=lambda view: view.name)

    # Keeping it true

    async def run(self) -> None:
        """Renew leases and look after what is watched, until cancelled."""
        await self._feed.on_binding(self._on_binding)
        while True:
            await asyncio.sleep(self._look_interval_s)
            await self._renew()
            await self._watched_streams.look()
            now_s = monotonic()
            self._kept = {name: kept for name, kept in self._kept.items() if kept[1] > now_s}

    async def _renew(self) -> None:
        before = dict(self._published)
        try:
            kept = await self._feed.renew({name: self._watched_streams.lease_now(one) for name, one in before.items()})
        except BusUnavailable:
            return
        for name, published in before.items():
            if name in kept:
                self._bind(published, kept[name])
            else:  # while Redis was away, somebody took the name elsewhere
                self._lose(published, StreamTaken(name))

    def _on_binding(self, name: str, binding: bytes) -> None:
        """A call binds the stream, or has ended."""
        if (published := self._published.get(name)) is not None:
            self._bind(published, binding)
        else:
            self._watched_streams.on_binding(name, binding)

    def _bind(self, published: PublishedStream, binding: bytes | None) -> None:
        if self._published.get(published.name) is not published:
            return
        if not published.take_binding(binding, monotonic()):
            self._drop(published, CallEnded(published.name))
        else:
            self._watched_streams.narrow(published.name, published.lease)

    def _drop(self, published: PublishedStream, refusal: VideoRefusal) -> None:
        """Nobody watches on, and the name is free."""
        self._feed.drop(published.name, published.lease)
        self._lose(published, refusal)
        self._watched_streams.is_over(published.name)

    def _lose(self, published: PublishedStream, refusal: VideoRefusal) -> None:
        if self._published.get(published.name) is published:
            self._forget(published)
            published.publisher.lost(refusal)

    async def run_audiences(self) -> None:
        """Ask again who is in the rooms to which streams are shown, until cancelled."""
        while True:
            await asyncio.sleep(self._ask_interval_s)
            rooms = await self._watched_streams.ask_again()
            for published in tuple(self._published.values()):
                lease = published.lease
                if lease.audience.room is not None:
                    rooms.add(lease.audience.room)
                    if not await self._audiences.still_admitted(lease, {lease.username}):
                        self._drop(published, UnknownAudience(str(lease.audience)))
            self._audiences.forget_all_but(rooms)

    def close(self) -> None:
        """Let every name go, as if its publisher had gone."""
        for published in tuple(self._published.values()):
            self.end(published)
