"""Sections: the headings of the list under which a person's rooms stand."""

from collections.abc import Iterable
from itertools import groupby

import msgspec

from gateway.domain.api_types import Room
from servicekit.texts import folded


class Section(msgspec.Struct, frozen=True):
    """`heading` is as the first of its rooms writes it; empty for the rooms that stand under none."""

    heading: str
    rooms: list[Room]

    @property
    def key(self) -> str:
        """The same for all ways to write the heading."""
        return folded(self.heading)

    @property
    def mentions(self) -> int:
        return sum(room.mentions for room in self.rooms)

    @property
    def is_movable(self) -> bool:
        """Whether the reader may move it as a whole; what stands under no heading comes first."""
        return bool(self.heading) and all(room.is_orderable for room in self.rooms)


def sections_of(rooms: Iterable[Room]) -> list[Section]:
    """By the foremost room of each, then by heading; those without one come first. In a section by place and name."""
    ordered = sorted(rooms, key=lambda room: (_key(room), room.position, folded(room.name)))
    grouped = [list(group) for _, group in groupby(ordered, key=_key)]
    found = [Section(group[0].section or "", group) for group in grouped]
    return sorted(found, key=lambda section: (section.heading != "", section.rooms[0].position, section.key))


def _key(room: Room) -> str:
    return folded(room.section or "")
