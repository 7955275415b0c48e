"""Audiences: who may see a stream. Everybody, unless its publisher named a conversation, or it is part of a call."""

from typing import NamedTuple, Self


class Audience(NamedTuple):
    """`mark` is one of those below; `whom` the other one of two, or a room. In text, one after the other."""

    mark: str
    whom: str = ""

    def __str__(self) -> str:
        return self.mark + self.whom

    @classmethod
    def decode(cls, text: str) -> Self:
        return cls(text[:1], text[1:])

    @property
    def is_call(self) -> bool:
        return self.mark == _CALL

    @property
    def room(self) -> str | None:
        return self.whom if self.mark == _ROOM else None

    def admits(self, username: str, publisher: str) -> bool | None:
        """None: whoever is in the room that is named, and that is known elsewhere."""
        if self.mark == _ROOM:
            return None
        return self.mark == _EVERYBODY or username == publisher or (self.whom == username and self != NOBODY)

    def lists(self, username: str, publisher: str) -> bool | None:
        """The same, for the list of streams: those of a call are in nobody's."""
        return False if self.mark in {_CALL, _NOBODY} else self.admits(username, publisher)


_EVERYBODY, _ROOM, _CALL, _NOBODY = "*", "#", "!", "-"  # "@" is the publisher and one other
EVERYBODY, NOBODY = Audience(_EVERYBODY), Audience(_NOBODY)


def bound_audience(audience: Audience, publisher: str, binding: bytes | None) -> Audience:
    """What becomes of a stream's audience by its `binding` to a call, as it stands in Redis.

    That is the one who shows it and the one who sees it; nothing for a while after the call; None where there is none.
    """
    if binding is None:
        return audience
    if not binding:
        return NOBODY if audience.is_call else audience
    shows, _, sees = binding.decode().partition(" ")
    return Audience(_CALL, sees) if shows == publisher else NOBODY
