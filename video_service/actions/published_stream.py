"""A published stream: what its instance knows of it, and of the instances that watch it."""

from typing import Protocol

from video_service.domain.audiences import NOBODY
from video_service.domain.leases import NO_INTEREST, Interest, Lease
from video_service.domain.pictures import Picture
from video_service.domain.refusals import VideoRefusal

INTEREST_S_MAX = 3.0  # after which an instance that does not repeat its interest has none
UNBOUND_S_MAX = 5.0  # in which a call that Redis forgot may be told of again


class Publisher(Protocol):
    def lost(self, refusal: VideoRefusal) -> None:
        """The stream is somebody else's, or over."""

    def sent(self, size_bytes: int) -> None:
        """So much of it went to a watcher on this instance."""


class PublishedStream:
    """A stream that is published here; `last` is its last picture."""

    def __init__(
        self,
        name: str,
        lease: Lease,
        publisher: Publisher,
        *,
        interest_s_max: float = INTEREST_S_MAX,
        unbound_s_max: float = UNBOUND_S_MAX,
    ) -> None:
        self.name = name
        self.lease = lease
        self.publisher = publisher
        self.last: Picture | None = None
        self._interest_s_max = interest_s_max
        self._unbound_s_max = unbound_s_max
        self._interests: dict[str, tuple[int, float]] = {}  # of other instances: watchers, and when it was told
        self._unbound_at_s: float | None = None

    def take_binding(self, binding: bytes | None, now_s: float) -> bool:
        """Let the audience be that of the binding to a call; False where the call is over."""
        if binding is None and self.lease.audience.is_call:
            self._unbound_at_s = now_s if self._unbound_at_s is None else self._unbound_at_s
            return now_s - self._unbound_at_s < self._unbound_s_max
        self._unbound_at_s = None
        self.lease = self.lease.bound(binding)
        return self.lease.audience != NOBODY

    def take_interest(self, interest: Interest, now_s: float) -> bool:
        """Whether an instance begins to watch."""
        is_new = interest.instance not in self._fresh(now_s)
        self._interests[interest.instance] = interest.watchers, now_s
        return is_new and interest.watchers != NO_INTEREST

    def is_wanted_elsewhere(self, now_s: float) -> bool:
        return bool(self._interests) and bool(self._fresh(now_s))

    def lease_now(self, watchers_here: int, now_s: float) -> Lease:
        """The lease with what has become of the stream."""
        watchers = watchers_here + sum(self._fresh(now_s).values())
        if self.last is None:
            return self.lease._replace(watchers=watchers)
        caption = self.last.caption
        return self.lease._replace(watchers=watchers, width=caption.width, height=caption.height)

    def _fresh(self, now_s: float) -> dict[str, int]:
        """Watchers by instance."""
        self._interests = {
            instance: (watchers, told_at_s)
            for instance, (watchers, told_at_s) in self._interests.items()
            if watchers != NO_INTEREST and now_s - told_at_s < self._interest_s_max
        }
        return {instance: watchers for instance, (watchers, _) in self._interests.items()}
