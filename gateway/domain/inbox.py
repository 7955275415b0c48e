"""The inbox: what waits for the reader, and the first steps of who owns the instance."""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from gateway.domain.api_types import Message
from gateway.domain.community import Instance

FILTERS = ("all", "mentions", "unread")
_USUAL_NAME = Instance().name


class FirstSteps(msgspec.Struct, frozen=True):
    """What an owner has done, as far as it can be known. The name and who may register are asked for together."""

    named: bool
    invited: bool

    @property
    def done(self) -> int:
        return 1 + self.named + self.invited  # it is claimed, or there were no owner

    @property
    def count(self) -> int:
        return 3


def first_steps(instance: Instance, *, people_count: int) -> FirstSteps:
    return FirstSteps(named=instance.name != _USUAL_NAME, invited=people_count > 1)


def unread_mentions(messages: Iterable[Message], counts: Mapping[str, int]) -> list[Message]:
    """Of the mentions, the latest first, those that are unread: by label, as many of the latest as `counts` says."""
    left = Counter(counts)
    found = []
    for message in messages:
        if left[message.label] > 0:
            left[message.label] -= 1
            found.append(message)
    return found
