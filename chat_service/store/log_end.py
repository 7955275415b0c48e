"""What the log knows of a conversation, and what is done to it."""

from typing import NamedTuple

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Conversation
from chat_service.domain.mentions import NO_MENTIONS, Mentions
from chat_service.domain.moderation import Act
from chat_service.domain.places import Head
from chat_service.domain.unread import Unread

NOBODY: frozenset[str] = frozenset()


class LogEnd:
    """Where a conversation's log ends: the last `seq` given in it, and whether one of its two is erased.

    `barred` are those of the two whom the other takes nothing from, `slow_mode_s` is a room's.
    """

    __slots__ = ("barred", "conversation", "epoch", "id", "is_over", "seq", "slow_mode_s")

    def __init__(
        self,
        conversation: Conversation,
        id: int,
        epoch: str,
        seq: int,
        *,
        is_over: bool = False,
        barred: frozenset[str] = NOBODY,
        slow_mode_s: int = 0,
    ) -> None:
        self.conversation = conversation
        self.id = id
        self.epoch = epoch
        self.seq = seq
        self.is_over = is_over
        self.barred = barred
        self.slow_mode_s = slow_mode_s

    @property
    def head(self) -> Head:
        return Head(self.seq, self.epoch)


class Done(NamedTuple):
    """What was done, as the log says it; `value` is what a Change says of it.

    `counts`: what who has read still has unread; `is_unmarked`: their mark as unread is gone. `mentions` are those of a
    new text. `whom`: the username of the entry, where that is not who did it. `act`: the moderation that it was, if it
    was, and `target` on whom.
    """

    kind: Kind
    has_changed: bool
    message_id: int | None = None
    value: str = ""
    read_seq: int = 0
    removes: bool = False
    whom: str = ""
    act: Act | None = None
    target: str = ""
    counts: Unread | None = None
    is_unmarked: bool = False
    mentions: Mentions = NO_MENTIONS
