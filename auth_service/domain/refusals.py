"""The facts for which the auth service refuses, besides those that every service shares."""

from collections.abc import Mapping

from servicekit.problems import NotStored, Refusal, Unauthenticated, Unavailable


class UsernameTaken(Refusal):
    def __init__(self, username: str) -> None:
        super().__init__(f"The username {username} is taken.")


class WrongCredentials(Unauthenticated):
    """One refusal for an unknown user and for a wrong password: who asks learns nothing about who is here."""

    def __init__(self) -> None:
        super().__init__("Username or password are wrong.")


class WrongPassword(Refusal):
    """A person who is signed in did not prove it again."""

    def __init__(self) -> None:
        super().__init__("The current password is wrong.")


class SessionEnded(Unauthenticated):
    def __init__(self) -> None:
        super().__init__("The session has ended.")


class UnknownUser(Refusal):
    def __init__(self) -> None:
        super().__init__("There is no user of that name.")


class UnknownSession(Refusal):
    """Also for the session of another person: that it exists is no one else's business."""

    def __init__(self) -> None:
        super().__init__("There is no such session of yours.")


class StillSignedIn(NotStored):
    """The device forgets its token, since that is what the person wants; but the token is good as before."""

    def __init__(self) -> None:
        super().__init__("The session could not be ended: its token is good until it expires, or is ended later.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {**super().headers, "Set-Cookie": 'access_token=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax'}


class TooManySignIns(Unavailable):
    def __init__(self) -> None:
        super().__init__("Too many sign-ins at once.")


class Banned(Refusal):
    """Told only to who knows the password."""

    def __init__(self) -> None:
        super().__init__("This account is banned.")


class NotAllowed(Refusal):
    def __init__(self) -> None:
        super().__init__("Your role does not allow this.")


class LastOwner(Refusal):
    def __init__(self) -> None:
        super().__init__("There has to be an owner: make somebody else one before.")


class UnknownLink(Refusal):
    def __init__(self) -> None:
        super().__init__("There is no such link.")


class UnknownRoom(Refusal):
    """Also a private one of others."""

    def __init__(self, room: str) -> None:
        super().__init__(f"There is no room {room!r} here.")


class LinkSpent(Refusal):
    """Used, too old, replaced by a newer one, or ended."""

    def __init__(self) -> None:
        super().__init__("This link has been used, or has ended.")


class RegistrationClosed(Refusal):
    def __init__(self) -> None:
        super().__init__("Nobody can register here.")


class InvitationNeeded(Refusal):
    """None was given, or one that there never was."""

    def __init__(self) -> None:
        super().__init__("An invitation is needed to register here.")


class InvitationSpent(Refusal):
    def __init__(self) -> None:
        super().__init__("This invitation has been used up, or has ended.")


class TooOften(Refusal):
    """One person's acts of this kind have a limit an hour."""

    def __init__(self, what: str, retry_after_s: int) -> None:
        super().__init__(f"Too many {what}; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}
