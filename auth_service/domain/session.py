"""Sessions: one sign-in on one device. Times are whole seconds since the epoch."""

import msgspec

from auth_service.domain.fair_queue import Place
from servicekit.networks import network_of, wider_network_of

SEEN_INTERVAL_S = 60
SESSIONS_KEPT_S = 24 * 3600  # longer than their last token: clocks differ
# A device is known by what it had at its last sign-ins: so many of a person, for so long.
DEVICE_MARKS_MAX = 32
KNOWN_S = 180 * 24 * 3600


class Device(msgspec.Struct, frozen=True):
    """Where a sign-in came from, as far as HTTP tells."""

    ip_address: str
    user_agent: str
    browser: str = ""  # what its cookie says: the same at each sign-in with it, and nobody else's

    @property
    def marks(self) -> tuple[str, ...]:
        """By what it is known again, the surest first."""
        by_network = f"network {network_of(self.ip_address)}"
        return (f"browser {self.browser}", by_network) if self.browser else (by_network,)

    def place(self, *, is_known: bool) -> Place:
        """Where it stands in a queue."""
        return Place(network_of(self.ip_address), wider_network_of(self.ip_address), is_known)


class Session(msgspec.Struct, frozen=True):
    """`expires_at` is that of the session's last token."""

    session_id: str
    username: str
    created_at: int
    last_seen_at: int
    expires_at: int
    revoked_at: int | None
    ip_address: str
    user_agent: str

    def is_active(self, now: float) -> bool:
        return self.revoked_at is None and now < self.expires_at

    def is_worth_extending(self, expires_at: int, *, lifetime_s: int) -> bool:
        """Whether to write down that it lasts until then: it is asked for as often as somebody likes."""
        return abs(expires_at - self.expires_at) >= min(SEEN_INTERVAL_S, lifetime_s // 10)

    def is_seen_anew(self, now: float) -> bool:
        """Whether being seen `now` is worth writing down: once a minute is enough to know a device by."""
        return now - self.last_seen_at >= SEEN_INTERVAL_S


def started(*, session_id: str, username: str, device: Device, now: float, lifetime_s: int) -> Session:
    """A session that begins `now` and lasts as long as its first token."""
    return Session(
        session_id=session_id,
        username=username,
        created_at=int(now),
        last_seen_at=int(now),
        expires_at=int(now) + lifetime_s,
        revoked_at=None,
        ip_address=device.ip_address,
        user_agent=device.user_agent,
    )
