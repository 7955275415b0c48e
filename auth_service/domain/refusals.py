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
