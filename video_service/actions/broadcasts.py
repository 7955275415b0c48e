"""Broadcasts and screens: a stream at the instance where it is published, and where it is watched."""

import asyncio
from typing import Protocol

from video_service.domain import events
from video_service.domain.audiences import NOBODY
from video_service.domain.claims import NO_INTEREST, Claim, Found, Interest
from video_service.domain.pictures import Picture
from video_service.domain.refusals import VideoRefusal
from video_service.domain.streams import StreamView

INTEREST_S_MAX = 3.0  # after which an instance that does not repeat its interest has none
UNBOUND_S_MAX = 5.0  # in which a call that Redis forgot may be told of again


class Publisher(Protocol):
    def lost(self, refusal: VideoRefusal) -> None:
        """The stream is somebody else's, or over."""

    def sent(self, size_bytes: int) -> None:
        """So much of it went to a watcher on this instance."""


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


class Broadcast:
    """A stream that is published here; `last` is its last picture."""

    def __init__(
        self,
        name: str,
        claim: Claim,
        publisher: Publisher,
        *,
        interest_s_max: float = INTEREST_S_MAX,
        unbound_s_max: float = UNBOUND_S_MAX,
    ) -> None:
        self.name = name
        self.claim = claim
        self.publisher = publisher
        self.last: Picture | None = None
        self._interest_s_max = interest_s_max
        self._unbound_s_max = unbound_s_max
        self._interests: dict[str, tuple[int, float]] = {}  # of other instances: watchers, and when it was told
        self._unbound_at_s: float | None = None

    def take_binding(self, binding: bytes | None, now_s: float) -> bool:
        """Let the audience be that of the binding to a call; False where the call is over."""
        if binding is None and self.claim.audience.is_call:
            self._unbound_at_s = now_s if self._unbound_at_s is None else self._unbound_at_s
            return now_s - self._unbound_at_s < self._unbound_s_max
        self._unbound_at_s = None
        self.claim = self.claim.bound(binding)
        return self.claim.audience != NOBODY

    def take_interest(self, interest: Interest, now_s: float) -> bool:
        """Whether an instance begins to watch."""
        is_new = interest.instance not in self._fresh(now_s)
        self._interests[interest.instance] = interest.watchers, now_s
        return is_new and interest.watchers != NO_INTEREST

    def is_wanted_elsewhere(self, now_s: float) -> bool:
        return bool(self._interests) and bool(self._fresh(now_s))

    def claim_now(self, watchers_here: int, now_s: float) -> Claim:
        """The claim with what has become of the stream."""
        watchers = watchers_here + sum(self._fresh(now_s).values())
        if self.last is None:
            return self.claim._replace(watchers=watchers)
        caption = self.last.caption
        return self.claim._replace(watchers=watchers, width=caption.width, height=caption.height)

    def _fresh(self, now_s: float) -> dict[str, int]:
        """Watchers by instance."""
        self._interests = {
            instance: (watchers, told_at_s)
            for instance, (watchers, told_at_s) in self._interests.items()
            if watchers != NO_INTEREST and now_s - told_at_s < self._interest_s_max
        }
        return {instance: watchers for instance, (watchers, _) in self._interests.items()}


class Screen:
    """One person's stream that is watched here, and what its watchers know of it."""

    def __init__(self, found: Found, now_s: float) -> None:
        self.name = found.name
        self.found = found
        self.username = found.claim.username
        self.has_ended = False
        self.watchers: set[Watcher] = set()
        self.last: Picture | None = None
        self.is_subscribed = False
        self.told = 0  # how many watchers the publisher's instance knows of
        self._key = found.claim.key
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


class Glance:
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
