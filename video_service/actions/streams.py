"""Streams: names that are published and watched, on this instance and across instances."""

import asyncio
import secrets
from collections.abc import Callable
from itertools import count
from time import monotonic

from servicekit.bus import BusUnavailable
from servicekit.logs import get_logger
from video_service.actions.broadcasts import INTEREST_S_MAX, Broadcast, Publisher, Screen, Watcher
from video_service.domain.claims import NO_INTEREST, Claim, Found, Interest
from video_service.domain.pictures import Picture
from video_service.domain.refusals import (
    NoPictureYet,
    StreamTaken,
    TooManyStreams,
    TooManyWatchers,
    UnknownStream,
    VideoRefusal,
)
from video_service.domain.streams import StreamView, check_name, timestamp
from video_service.feed import Feed

LOOK_INTERVAL_S = 0.5
PICTURE_WAIT_S_MAX = 2.0
log = get_logger(__name__)


class Streams:
    """One publisher a name, everywhere. Without Redis each instance has its own names, until it is back."""

    def __init__(
        self,
        *,
        feed: Feed,
        clock: Callable[[], float],
        streams_max: int,
        watchers_max: int,
        return_s: float,
        interest_s_max: float = INTEREST_S_MAX,
        look_interval_s: float = LOOK_INTERVAL_S,
        picture_wait_s_max: float = PICTURE_WAIT_S_MAX,
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._streams_max = streams_max
        self._watchers_max = watchers_max
        self._return_s = return_s
        self._interest_s_max = interest_s_max
        self._look_interval_s = look_interval_s
        self._picture_wait_s_max = picture_wait_s_max
        self._instance = secrets.token_hex(8)
        self._numbers = count(1)
        self._broadcasts: dict[str, Broadcast] = {}
        self._screens: dict[str, Screen] = {}
        self._kept: dict[str, tuple[str, float]] = {}  # for whom, until when

    # Publishing

    async def publish(self, name: str, username: str, publisher: Publisher) -> Broadcast:
        """Raises Invalid, StreamTaken or TooManyStreams."""
        check_name(name)
        self._check_free(name, username)
        claim = Claim(f"{self._instance}:{next(self._numbers)}", username, timestamp(self._clock()))
        broadcast = Broadcast(name, claim, publisher, interest_s_max=self._interest_s_max)
        self._broadcasts[name] = broadcast
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
        if (screen := self._screens.get(name)) is not None:
            self._unsubscribe(screen)
            if screen.username == username:
                screen.go_live(self._view(broadcast), claim.key)
            else:
                self._end_watching(screen)
        return broadcast

    def _check_free(self, name: str, username: str) -> None:
        kept_for, until_s = self._kept.get(name, (username, 0.0))
        if name in self._broadcasts or (kept_for != username and monotonic() < until_s):
            raise StreamTaken(name)
        if len(self._broadcasts) >= self._streams_max:
            raise TooManyStreams(self._streams_max)

    async def _claim(self, broadcast: Broadcast) -> None:
        try:
            await self._feed.claim(broadcast.name, broadcast.claim, self._streams_max)
        except BusUnavailable:
            log.warning("a stream is known on this instance only", stream=broadcast.name)
        await self._feed.on_interest(broadcast.name, lambda interest: self._on_interest(broadcast, interest))

    def show(self, broadcast: Broadcast, picture: Picture) -> None:
        """Show it to everybody who watches."""
        broadcast.last = picture
        if (screen := self._screens.get(broadcast.name)) is not None:
            screen.show(picture)
        if broadcast.is_wanted_elsewhere(monotonic()):
            self._feed.show(broadcast.name, picture)

    def end(self, broadcast: Broadcast) -> None:
        """The publisher has gone; their watchers wait for a while."""
        if self._broadcasts.get(broadcast.name) is not broadcast:
            return
        self._forget(broadcast)
        self._feed.leave(broadcast.name, broadcast.claim)
        self._kept[broadcast.name] = broadcast.claim.username, monotonic() + self._return_s

    def _forget(self, broadcast: Broadcast) -> None:
        log.info("stream ended", stream=broadcast.name, username=broadcast.claim.username)
        del self._broadcasts[broadcast.name]
        self._feed.forget_interest(broadcast.name)
        if (screen := self._screens.get(broadcast.name)) is not None:
            screen.go_away(monotonic(), round(self._return_s))

    def _on_interest(self, broadcast: Broadcast, interest: Interest) -> None:
        if broadcast.take_interest(interest, monotonic()) and broadcast.last is not None:
            self._feed.show(broadcast.name, broadcast.last)

    # Watching

    async def enter(self, name: str, watcher: Watcher) -> Screen:
        """Pictures are shown from here on. Raises UnknownStream or TooManyWatchers."""
        found = await self._find(name)
        if watcher.is_counted and found.claim.watchers + self._not_told_yet(name) >= self._watchers_max:
            raise TooManyWatchers(self._watchers_max)
        screen = self._screens.get(name)
        if screen is not None and screen.username != found.claim.username and name not in self._broadcasts:
            self._end_watching(screen)
        screen = self._screens.setdefault(name, Screen(found, monotonic()))
        screen.watchers.add(watcher)
        try:
            await self._follow(screen)
        except BaseException:
            self.leave(screen, watcher)
            raise
        return screen

    async def _find(self, name: str) -> Found:
        if (broadcast := self._broadcasts.get(name)) is not None:
            return Found(name, self._claim_now(broadcast), is_live=True)
        for found in await self._find_elsewhere([name]):
            return found
        if (screen := self._screens.get(name)) is not None:
            return screen.found
        raise UnknownStream(name)

    async def _find_elsewhere(self, names: list[str]) -> list[Found]:
        try:
            return await self._feed.find(names) if names else []
        except BusUnavailable:
            return []

    def _not_told_yet(self, name: str) -> int:
        """How many have come to watch here since the claim's count of watchers was made."""
        screen = self._screens.get(name)
        return 0 if screen is None or name in self._broadcasts else max(0, screen.counted - screen.told)

    async def _follow(self, screen: Screen) -> None:
        """Have the pictures of a stream that is published elsewhere come here."""
        if screen.is_subscribed or screen.name in self._broadcasts:
            return
        screen.is_subscribed = True
        await self._feed.watch(screen.name, lambda picture: self._on_picture(screen, picture))
        self._tell_interest(screen)

    def _on_picture(self, screen: Screen, picture: Picture | None) -> None:
        if picture is None:
            screen.go_away(monotonic(), round(self._return_s))
        else:
            screen.take(picture)

    def _tell_interest(self, screen: Screen) -> None:
        screen.told = screen.counted
        self._feed.tell_interest(screen.name, Interest(self._instance, screen.counted))

    def greet(self, screen: Screen, watcher: Watcher) -> None:
        """Tell a new watcher what the stream is, and show its last picture."""
        if screen.has_ended:  # since they entered
            watcher.end()
            return
        broadcast = self._broadcasts.get(screen.name)
        screen.greet(watcher, screen.found.claim.view(screen.name) if broadcast is None else self._view(broadcast))
        if broadcast is not None and broadcast.last is not None:
            watcher.show(broadcast.last)
        elif screen.last is not None:
            watcher.show(screen.last)

    def leave(self, screen: Screen, watcher: Watcher) -> None:
        screen.watchers.discard(watcher)
        if not screen.watchers and self._screens.get(screen.name) is screen:
            del self._screens[screen.name]
            self._unsubscribe(screen)

    def sent(self, screen: Screen, size_bytes: int) -> None:
        """So much went to a watcher here."""
        if (broadcast := self._broadcasts.get(screen.name)) is not None:
            broadcast.publisher.sent(size_bytes)

    def _unsubscribe(self, screen: Screen) -> None:
        if screen.is_subscribed:
            screen.is_subscribed = False
            self._feed.unwatch(screen.name)
            self._feed.tell_interest(screen.name, Interest(self._instance, NO_INTEREST))

    async def snapshot(self, name: str) -> Picture:
        """The last picture. Raises UnknownStream or NoPictureYet."""
        glance = _Glance()
        screen = await self.enter(name, glance)
        try:
            self.greet(screen, glance)
            async with asyncio.timeout(self._picture_wait_s_max):
                return await glance.picture
        except TimeoutError:
            raise NoPictureYet(name) from None
        finally:
            self.leave(screen, glance)

    # Listing

    async def list_live(self) -> list[StreamView]:
        """By name."""
        try:
            elsewhere = await self._feed.list_all()
        except BusUnavailable:
            elsewhere = []
        views = {found.name: found.claim.view(found.name) for found in elsewhere if found.is_live}
        views |= {name: self._view(broadcast) for name, broadcast in self._broadcasts.items()}
        return [views[name] for name in sorted(views)]

    def _view(self, broadcast: Broadcast) -> StreamView:
        return self._claim_now(broadcast).view(broadcast.name)

    def _claim_now(self, broadcast: Broadcast) -> Claim:
        screen = self._screens.get(broadcast.name)
        return broadcast.claim_now(0 if screen is None else screen.counted, monotonic())

    # Keeping it true

    async def run(self) -> None:
        """Renew claims and look after what is watched, until cancelled."""
        while True:
            await asyncio.sleep(self._look_interval_s)
            await self._renew()
            await self._look()
            now_s = monotonic()
            self._kept = {name: kept for name, kept in self._kept.items() if kept[1] > now_s}

    async def _renew(self) -> None:
        broadcasts = dict(self._broadcasts)
        try:
            lost = await self._feed.renew({name: self._claim_now(one) for name, one in broadcasts.items()})
        except BusUnavailable:
            return
        for name in lost:
            self._lose(broadcasts[name])

    def _lose(self, broadcast: Broadcast) -> None:
        """While Redis was away, somebody took the name elsewhere."""
        if self._broadcasts.get(broadcast.name) is broadcast:
            self._forget(broadcast)
            broadcast.publisher.lost(StreamTaken(broadcast.name))

    async def _look(self) -> None:
        """See after each stream that is watched here and published elsewhere, or not now."""
        screens = [screen for name, screen in self._screens.items() if name not in self._broadcasts]
        for screen in screens:
            await self._follow(screen)
            self._tell_interest(screen)
        found = {one.name: one for one in await self._find_elsewhere([screen.name for screen in screens])}
        for screen in screens:
            if screen.name not in self._broadcasts:
                self._compare(screen, found.get(screen.name))

    def _compare(self, screen: Screen, found: Found | None) -> None:
        if found is not None and found.claim.username != screen.username:
            self._end_watching(screen)
            return
        if found is not None and found.is_live:
            screen.found = found
            screen.go_live(found.claim.view(screen.name), found.claim.key)
        elif found is not None or self._feed.is_connected:
            screen.go_away(monotonic(), round(self._return_s))
        if screen.is_over(monotonic(), self._return_s):
            self._end_watching(screen)

    def _end_watching(self, screen: Screen) -> None:
        """The stream is over: nobody is shown who has the name after its publisher."""
        if self._screens.get(screen.name) is screen:
            del self._screens[screen.name]
        self._unsubscribe(screen)
        screen.end()

    def close(self) -> None:
        """Let every name go, as if its publisher had gone."""
        for broadcast in tuple(self._broadcasts.values()):
            self.end(broadcast)


class _Glance:
    """A watcher of one picture."""

    is_counted = False

    def __init__(self) -> None:
        self.picture: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()

    def show(self, picture: Picture) -> None:
        if not self.picture.done():
            self.picture.set_result(picture)

    def tell(self, event: bytes) -> None: ...

    def end(self) -> None: ...
