"""A watched stream: who watches it on this instance, and what they know of it."""

import asyncio
from typing import Protocol

from video_service.domain import events
from video_service.domain.leases import FoundStream
from video_service.domain.pictures import Picture
from video_service.domain.streams import StreamView


class Watcher(Protocol):
    """`is_counted` is false for who looks only once."""

    @property
    def username(self) -> str: ...

    @property
    def is_counted(self) -> bool: ...

    def show(self, picture: Picture) -> None:
        """Take the newest picture; what was not sent yet is out of date."""

    def tell(self, event: bytes) -> None: ...

    def end(self) -> None:
        """The stream is over."""


class WatchedStream:
    """One person's stream that is watched here, and what its watchers know of it."""

    def __init__(self, found: FoundStream, now_s: float) -> None:
        self.name = found.name
        self.found = found
        self.username = found.lease.username
        self.has_ended = False
        self.watchers: set[Watcher] = set()
        self.last: Picture | None = None
        self.is_subscribed = False
        self.told = 0  # how many watchers the publisher's instance knows of
        self._key = found.lease.key
        self._away_at_s: float | None = None if found.is_live else now_s

    @property
    def counted(self) -> int:
        return sum(watcher.is_counted for watcher in self.watchers)

    @property
    def is_live(self) -> bool:
        return self._away_at_s is None

    def greet(self, watcher: Watcher, view: StreamView) -> None:
        watcher.tell(events.stream(view, live=self.is_live))

    def show(self, picture: Picture) -> None:
        for watcher in tuple(self.watchers):
            watcher.show(picture)

    def go_live(self, view: StreamView, key: str) -> None:
        """Tell the watchers, unless they know."""
        if self.is_live and self._key == key:
            return
        self._key, self._away_at_s = key, None
        self._tell(events.stream(view, live=True))

    def go_away(self, now_s: float, return_s: int) -> None:
        if self.is_live:
            self._away_at_s = now_s
            self._tell(events.stream_ended(self.name, return_s))

    def is_over(self, now_s: float, return_s: float) -> bool:
        return self._away_at_s is not None and now_s - self._away_at_s > return_s

    def end(self) -> None:
        self.has_ended = True
        for watcher in tuple(self.watchers):
            watcher.end()

    def take(self, picture: Picture) -> None:
        """What came from the instance where it is published; shown once the watchers know of who publishes."""
        self.last = picture
        if self.is_live:
            self.show(picture)

    def _tell(self, event: bytes) -> None:
        for watcher in tuple(self.watchers):
            watcher.tell(event)


class SnapshotWatcher:
    """A watcher of one picture, which is None where the stream ends before there is one."""

    is_counted = False

    def __init__(self, username: str) -> None:
        self.username = username
        self.picture: asyncio.Future[Picture | None] = asyncio.get_running_loop().create_future()

    def show(self, picture: Picture) -> None:
        self._take(picture)

    def tell(self, event: bytes) -> None: ...

    def end(self) -> None:
        self._take(None)

    def _take(self, picture: Picture | None) -> None:
        if not self.picture.done():
            self.picture.set_result(picture)
