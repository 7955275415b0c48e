"""Watched streams: those that are watched on this instance, and who watches them, wherever they are published."""

import asyncio
import secrets
from collections.abc import Mapping
from time import monotonic

from servicekit.bus import BusUnavailable
from video_service.actions.audiences import Audiences
from video_service.actions.published_stream import PublishedStream
from video_service.actions.watched_stream import SnapshotWatcher, WatchedStream, Watcher
from video_service.domain.leases import NO_INTEREST, FoundStream, Interest, Lease
from video_service.domain.pictures import Picture
from video_service.domain.refusals import NoPictureYet, TooManyWatchers, UnknownStream
from video_service.feed import Feed

PICTURE_WAIT_S_MAX = 2.0


class WatchedStreams:
    """`published` are the streams that are published on this instance, by name."""

    def __init__(
        self,
        *,
        feed: Feed,
        audiences: Audiences,
        published: Mapping[str, PublishedStream],
        watchers_max: int,
        return_s: float,
        picture_wait_s_max: float = PICTURE_WAIT_S_MAX,
    ) -> None:
        self._feed = feed
        self._audiences = audiences
        self._published = published
        self._watchers_max = watchers_max
        self._return_s = return_s
        self._picture_wait_s_max = picture_wait_s_max
        self._instance = secrets.token_hex(8)
        self._watched: dict[str, WatchedStream] = {}

    # Coming and going

    async def enter(self, name: str, watcher: Watcher) -> WatchedStream:
        """Pictures are shown from here on. Raises UnknownStream, TooManyWatchers or Unavailable."""
        found = await self.find(name, watcher.username)
        if watcher.is_counted and found.lease.watchers + self._not_told_yet(name) >= self._watchers_max:
            raise TooManyWatchers(self._watchers_max)
        watched = self._watched.get(name)
        if watched is not None and watched.username != found.lease.username and name not in self._published:
            self._end(watched)
        watched = self._watched.setdefault(name, WatchedStream(found, monotonic()))
        watched.watchers.add(watcher)
        try:
            await self._follow(watched)
        except BaseException:
            self.leave(watched, watcher)
            raise
        return watched

    async def find(self, name: str, username: str) -> FoundStream:
        """The stream, if they may see it. Raises UnknownStream or Unavailable."""
        found = await self._find(name)
        if not await self._audiences.admitted(found.lease, [username]):
            raise UnknownStream(name)
        return found

    async def _find(self, name: str) -> FoundStream:
        elsewhere = await self._find_elsewhere([name])
        if (published := self._published.get(name)) is not None:
            lease = self.lease_now(published)
            if elsewhere and elsewhere[0].lease.key == lease.key:  # and bound to a call, perhaps, a moment ago
                lease = lease._replace(audience=elsewhere[0].lease.audience)
            return FoundStream(name, lease, is_live=True)
        for found in elsewhere:
            return found
        if (watched := self._watched.get(name)) is not None:
            return watched.found
        raise UnknownStream(name)

    async def _find_elsewhere(self, names: list[str]) -> list[FoundStream]:
        try:
            return await self._feed.find(names) if names else []
        except BusUnavailable:
            return []

    def _not_told_yet(self, name: str) -> int:
        """How many have come to watch here since the lease's count of watchers was made."""
        watched = self._watched.get(name)
        return 0 if watched is None or name in self._published else max(0, watched.counted - watched.told)

    async def _follow(self, watched: WatchedStream) -> None:
        """Have the pictures of a stream that is published elsewhere come here."""
        if watched.is_subscribed or watched.name in self._published:
            return
        watched.is_subscribed = True
        await self._feed.watch(
            watched.name, lambda picture: self._on_picture(watched, picture), on_over=lambda: self._end(watched)
        )
        self._tell_interest(watched)

    def _on_picture(self, watched: WatchedStream, picture: Picture | None) -> None:
        if picture is None:
            watched.go_away(monotonic(), round(self._return_s))
        else:
            watched.take(picture)

    def _tell_interest(self, watched: WatchedStream) -> None:
        watched.told = watched.counted
        self._feed.tell_interest(watched.name, Interest(self._instance, watched.counted))

    def greet(self, watched: WatchedStream, watcher: Watcher) -> None:
        """Tell a new watcher what the stream is, and show its last picture."""
        if watched.has_ended or watcher not in watched.watchers:  # since they entered
            watcher.end()
            return
        published = self._published.get(watched.name)
        lease = watched.found.lease if published is None else self.lease_now(published)
        watched.greet(watcher, lease.view(watched.name))
        if published is not None and published.last is not None:
            watcher.show(published.last)
        elif watched.last is not None:
            watcher.show(watched.last)

    def leave(self, watched: WatchedStream, watcher: Watcher) -> None:
        watched.watchers.discard(watcher)
        if not watched.watchers and self._watched.get(watched.name) is watched:
            del self._watched[watched.name]
            self._unsubscribe(watched)

    def sent(self, watched: WatchedStream, size_bytes: int) -> None:
        """So much went to a watcher here."""
        if (published := self._published.get(watched.name)) is not None:
            published.publisher.sent(size_bytes)

    def _unsubscribe(self, watched: WatchedStream) -> None:
        if watched.is_subscribed:
            watched.is_subscribed = False
            self._feed.unwatch(watched.name)
            self._feed.tell_interest(watched.name, Interest(self._instance, NO_INTEREST))

    async def snapshot(self, name: str, username: str) -> Picture:
        """The last picture. Raises UnknownStream, NoPictureYet or Unavailable."""
        watcher = SnapshotWatcher(username)
        watched = await self.enter(name, watcher)
        try:
            self.greet(watched, watcher)
            async with asyncio.timeout(self._picture_wait_s_max):
                picture = await watcher.picture
        except TimeoutError:
            raise NoPictureYet(name) from None
        finally:
            self.leave(watched, watcher)
        if picture is None:
            raise UnknownStream(name)
        return picture

    def lease_now(self, published: PublishedStream) -> Lease:
        """Its lease, with what has become of it."""
        watched = self._watched.get(published.name)
        return published.lease_now(0 if watched is None else watched.counted, monotonic())

    # What becomes of a stream that is published here

    def show(self, name: str, picture: Picture) -> None:
        if (watched := self._watched.get(name)) is not None:
            watched.show(picture)

    def went_live(self, published: PublishedStream) -> None:
        if (watched := self._watched.get(published.name)) is None:
            return
        self._unsubscribe(watched)
        if watched.username == published.lease.username:
            self._narrow(watched, published.lease)
            watched.go_live(self.lease_now(published).view(watched.name), published.lease.key)
        else:
            self._end(watched)

    def went_away(self, name: str) -> None:
        if (watched := self._watched.get(name)) is not None:
            watched.go_away(monotonic(), round(self._return_s))

    def is_over(self, name: str) -> None:
        """Nobody waits for its publisher."""
        if (watched := self._watched.get(name)) is not None:
            self._end(watched)

    def narrow(self, name: str, lease: Lease) -> None:
        """Turn away whom `lease` does not admit."""
        if (watched := self._watched.get(name)) is not None:
            self._narrow(watched, lease)

    def on_binding(self, name: str, binding: bytes | None) -> None:
        """A call binds a stream that is published elsewhere, or has ended."""
        if (watched := self._watched.get(name)) is not None:
            self._narrow(watched, watched.found.lease.bound(binding))

    # Keeping it true

    async def look(self) -> None:
        """See after each stream that is watched here and published elsewhere, or not now."""
        streams = [watched for name, watched in self._watched.items() if name not in self._published]
        for watched in streams:
            if self._is_shown(watched):
                await self._follow(watched)
                self._tell_interest(watched)
        found = {one.name: one for one in await self._find_elsewhere([watched.name for watched in streams])}
        for watched in streams:
            if self._is_shown(watched) and watched.name not in self._published:
                self._compare(watched, found.get(watched.name))

    def _is_shown(self, watched: WatchedStream) -> bool:
        """Its last watcher may have gone meanwhile, and others come to another one."""
        return self._watched.get(watched.name) is watched

    def _compare(self, watched: WatchedStream, found: FoundStream | None) -> None:
        if found is not None and found.lease.username != watched.username:
            self._end(watched)
            return
        if found is not None and found.is_live:
            self._narrow(watched, found.lease)
            watched.found = found
            watched.go_live(found.lease.view(watched.name), found.lease.key)
        elif found is not None or self._feed.is_connected:
            watched.go_away(monotonic(), round(self._return_s))
        if watched.is_over(monotonic(), self._return_s):
            self._end(watched)

    def _end(self, watched: WatchedStream) -> None:
        """The stream is over: nobody is shown who has the name after its publisher."""
        if self._watched.get(watched.name) is watched:
            del self._watched[watched.name]
        self._unsubscribe(watched)
        watched.end()

    def _narrow(self, watched: WatchedStream, lease: Lease) -> None:
        """From here on the audience is that of `lease`; a room's members are asked for where it is a new one."""
        was = watched.found.lease.audience
        watched.found = watched.found._replace(lease=lease)
        for watcher in tuple(watched.watchers):
            admits = lease.admits(watcher.username)
            if not (lease.audience == was if admits is None else admits):
                self._turn_away(watched, watcher)

    def _turn_away(self, watched: WatchedStream, watcher: Watcher) -> None:
        """They are told no more than that it is over."""
        self.leave(watched, watcher)
        watcher.end()

    async def ask_again(self) -> set[str]:
        """Turn away who has left the room to which a stream is shown; the rooms."""
        rooms = set()
        for watched in tuple(self._watched.values()):
            lease, watchers = watched.found.lease, tuple(watched.watchers)
            if not watchers or lease.audience.room is None:
                continue
            rooms.add(lease.audience.room)
            admitted = await self._audiences.still_admitted(lease, {watcher.username for watcher in watchers})
            for watcher in watchers:
                if watcher.username not in admitted:
                    self._turn_away(watched, watcher)
        return rooms
