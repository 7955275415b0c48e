"""Invitations, and the links that let somebody choose a new password. Times are whole seconds since the epoch."""

import msgspec

RESET_LINK_S = 4 * 3600
LINKS_KEPT_S = 30 * 24 * 3600  # after their end, so that a late visitor is told that it has come


class NewInvitation(msgspec.Struct, frozen=True):
    expires_in_s: int
    uses_max: int
    room: str | None


class Invitation(msgspec.Struct, frozen=True):
    """`username` is who invites; `room` is where to, beside the instance."""

    number: int
    code: str
    username: str
    room: str | None
    uses: int
    uses_max: int
    created_at: int
    expires_at: int
    ended_at: int | None

    def is_good(self, now: float) -> bool:
        return self.ended_at is None and self.uses < self.uses_max and now < self.expires_at


class ResetLink(msgspec.Struct, frozen=True):
    """Whose password may be chosen anew."""

    username: str
    expires_at: int
    ended_at: int | None

    def is_good(self, now: float) -> bool:
        return self.ended_at is None and now < self.expires_at
