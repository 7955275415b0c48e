"""Screens: the streams that are watched on this instance, and who watches them, wherever they are published."""

import asyncio
import secrets
from collections.abc import Mapping
from time import monotonic

from servicekit.bus import BusUnavailable
from video_service.actions.audiences import Audiences
from video_service.actions.broadcasts import Broadcast, Glance, Screen, Watcher
from video_service.domain.claims import NO_INTEREST, Claim, Found, Interest
from video_service.domain.pictures import Picture
from video_service.domain.refusals import NoPictureYet, TooManyWatchers, UnknownStream
from video_service.feed import Feed

PICTURE_WAIT_S_MAX = 2.0


class Screens:
    """`broadcasts` are the streams that are published on this instance, by name."""

    def __init__(
        self,
        *,
        feed: Feed,
        audiences: Audiences,
        broadcasts: Mapping[str, Broadcast],
        watchers_max: int,
        return_s: float,
        picture_wait_s_max: float = PICTURE_WAIT_S_MAX,
    ) -> None:
        self._feed = feed
        self._audiences = audiences
        self._broadcasts = broadcasts
        self._watchers_max = watchers_max
        self._return_s = return_s
        self._picture_wait_s_max = picture_wait_s_max
        self._instance = secrets.token_hex(8)
        self._screens: dict[str, Screen] = {}

    # Coming and going

    async def enter(self, name: str, watcher: Watcher) -> Screen:
        """Pictures are shown from here on. Raises UnknownStream, TooManyWatchers or Unavailable."""
        found = await self.find(name, watcher.username)
        if watcher.is_counted and found.claim.watchers + self._not_told_yet(name) >= self._watchers_max:
            raise TooManyWatchers(self._watchers_max)
        screen = self._screens.get(name)
        if screen is not None and screen.username != found.claim.username and name not in self._broadcasts:
            self._end(screen)
        screen = self._screens.setdefault(name, Screen(found, monotonic()))
        screen.watchers.add(watcher)
        try:
            await self._follow(screen)
        except BaseException:
            self.leave(screen, watcher)
            raise
        return screen

    async def find(self, name: str, username: str) -> Found:
        """The stream, if they may see it. Raises UnknownStream or Unavailable."""
        found = await self._find(name)
        if not await self._audiences.admitted(found.claim, [username]):
            raise UnknownStream(name)
        return found

    async def _find(self, name: str) -> Found:
        elsewhere = await self._find_elsewhere([name])
        if (broadcast := self._broadcasts.get(name)) is not None:
            claim = self.claim_now(broadcast)
            if elsewhere and elsewhere[0].claim.key == claim.key:  # and bound to a call, perhaps, a moment ago
                claim = claim._replace(audience=elsewhere[0].claim.audience)
            return Found(name, claim, is_live=True)
        for found in elsewhere:
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
        await self._feed.watch(
            screen.name, lambda picture: self._on_picture(screen, picture), on_over=lambda: self._end(screen)
        )
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
        if screen.has_ended or watcher not in screen.watchers:  # since they entered
            watcher.end()
            return
        broadcast = self._broadcasts.get(screen.name)
        claim = screen.found.claim if broadcast is None else self.claim_now(broadcast)
        screen.greet(watcher, claim.view(screen.name))
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

    async def snapshot(self, name: str, username: str) -> Picture:
        """The last picture. Raises UnknownStream, NoPictureYet or Unavailable."""
        glance = Glance(username)
        screen = await self.enter(name, glance)
        try:
            self.greet(screen, glance)
            async with asyncio.timeout(self._picture_wait_s_max):
                picture = await glance.picture
        except TimeoutError:
            raise NoPictureYet(name) from None
        finally:
            self.leave(screen, glance)
        if picture is None:
            raise UnknownStream(name)
        return picture

    def claim_now(self, broadcast: Broadcast) -> Claim:
        """Its claim, with what has become of it."""
        screen = self._screens.get(broadcast.name)
        return broadcast.claim_now(0 if screen is None else screen.counted, monotonic())

    # What becomes of a stream that is published here

    def show(self, name: str, picture: Picture) -> None:
        if (screen := self._screens.get(name)) is not None:
            screen.show(picture)

    def went_live(self, broadcast: Broadcast) -> None:
        if (screen := self._screens.get(broadcast.name)) is None:
            return
        self._unsubscribe(screen)
        if screen.username == broadcast.claim.username:
            self._narrow(screen, broadcast.claim)
            screen.go_live(self.claim_now(broadcast).view(screen.name), broadcast.claim.key)
        else:
            self._end(screen)

    def went_away(self, name: str) -> None:
        if (screen := self._screens.get(name)) is not None:
            screen.go_away(monotonic(), round(self._return_s))

    def is_over(self, name: str) -> None:
        """Nobody waits for its publisher."""
        if (screen := self._screens.get(name)) is not None:
            self._end(screen)

    def narrow(self, name: str, claim: Claim) -> None:
        """Turn away whom `claim` does not admit."""
        if (screen := self._screens.get(name)) is not None:
            self._narrow(screen, claim)

    def on_binding(self, name: str, binding: bytes | None) -> None:
        """A call binds a stream that is published elsewhere, or has ended."""
        if (screen := self._screens.get(name)) is not None:
            self._narrow(screen, screen.found.claim.bound(binding))

    # Keeping it true

    async def look(self) -> None:
        """See after each stream that is watched here and published elsewhere, or not now."""
        screens = [screen for name, screen in self._screens.items() if name not in self._broadcasts]
        for screen in screens:
            if self._is_shown(screen):
                await self._follow(screen)
                self._tell_interest(screen)
        found = {one.name: one for one in await self._find_elsewhere([screen.name for screen in screens])}
        for screen in screens:
            if self._is_shown(screen) and screen.name not in self._broadcasts:
                self._compare(screen, found.get(screen.name))

    def _is_shown(self, screen: Screen) -> bool:
        """Its last watcher may have gone meanwhile, and others come to another one."""
        return self._screens.get(screen.name) is screen

    def _compare(self, screen: Screen, found: Found | None) -> None:
        if found is not None and found.claim.username != screen.username:
            self._end(screen)
            return
        if found is not None and found.is_live:
            self._narrow(screen, found.claim)
            screen.found = found
            screen.go_live(found.claim.view(screen.name), found.claim.key)
        elif found is not None or self._feed.is_connected:
            screen.go_away(monotonic(), round(self._return_s))
        if screen.is_over(monotonic(), self._return_s):
            self._end(screen)

    def _end(self, screen: Screen) -> None:
        """The stream is over: nobody is shown who has the name after its publisher."""
        if self._screens.get(screen.name) is screen:
            del self._screens[screen.name]
        self._unsubscribe(screen)
        screen.end()

    def _narrow(self, screen: Screen, claim: Claim) -> None:
        """From here on the audience is that of `claim`; a room's members are asked for where it is a new one."""
        was = screen.found.claim.audience
        screen.found = screen.found._replace(claim=claim)
        for watcher in tuple(screen.watchers):
            admits = claim.admits(watcher.username)
            if not (claim.audience == was if admits is None else admits):
                self._turn_away(screen, watcher)

    def _turn_away(self, screen: Screen, watcher: Watcher) -> None:
        """They are told no more than that it is over."""
        self.leave(screen, watcher)
        watcher.end()

    async def ask_again(self) -> set[str]:
        """Turn away who has left the room to which a stream is shown; the rooms."""
        rooms = set()
        for screen in tuple(self._screens.values()):
            claim, watchers = screen.found.claim, tuple(screen.watchers)
            if not watchers or claim.audience.room is None:
                continue
            rooms.add(claim.audience.room)
            admitted = await self._audiences.still_admitted(claim, {watcher.username for watcher in watchers})
            for watcher in watchers:
                if watcher.username not in admitted:
                    self._turn_away(screen, watcher)
        return rooms
