"""Mentions: who is to notice a message, beside those who read everything."""

from collections.abc import Iterable
from typing import NamedTuple

from chat_service.domain.moderation import Position
from servicekit.texts import folded_username

NAMED_MAX = 50
ALL_IN_ROOM = "room"  # as in `@room`
# In larger rooms only owners and moderators may name all.
MEMBERS_NAMED_BY_ANYBODY_MAX = 50


class Mentions(NamedTuple):
    """`usernames` are those in the conversation whom a message names, `room`: all who are in the room.

    `noticed_by` are the others among them, but for `room`, and whom the message answers.
    """

    usernames: tuple[str, ...] = ()
    room: bool = False
    noticed_by: frozenset[str] = frozenset()


NO_MENTIONS = Mentions()


class Named(NamedTuple):
    """What a text names, whether or not it is there: people by their folded names, each once, and all in the room."""

    people: tuple[str, ...]
    room: bool


def named_by(names: Iterable[str], *, is_room: bool) -> Named:
    """`names` as they stand in the text. Beyond the first NAMED_MAX people it names nobody."""
    folded = tuple(dict.fromkeys(map(folded_username, names)))
    names_all = is_room and ALL_IN_ROOM in folded
    people = tuple(name for name in folded if not (is_room and name == ALL_IN_ROOM))
    return Named(people[:NAMED_MAX], names_all)


def may_name_all(positions: frozenset[Position], members_count: int) -> bool:
    return members_count <= MEMBERS_NAMED_BY_ANYBODY_MAX or positions != {Position.MEMBER}
