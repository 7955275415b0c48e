"""The timeline: a part of a history as it is shown, with its days, its groups, and where the unread begins."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from gateway.domain.api_types import Message

GROUP_TIME = timedelta(minutes=5)
STATES = ("sent", "read")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A message and what stands before it.

    `day`: a new day begins with it. `is_first_unread`: what was not seen begins with it. `continues`: the same person
    went on, so that name and picture need not be said again. `state` is that of one's own message; `is_last_read`:
    it is the last of those that were read. `is_called`: it is for the reader by name.
    """

    message: Message
    day: date | None = None
    is_first_unread: bool = False
    continues: bool = False
    is_own: bool = False
    state: str = ""
    is_last_read: bool = False
    is_called: bool = False


def entries(
    messages: Sequence[Message], *, reader: str, first_unread: Message | None = None, other_read_seq: int = 0
) -> list[Entry]:
    """One for each message, oldest first."""
    own = (message.seq for message in messages if message.sender_username == reader)
    last_read_seq = max((seq for seq in own if seq <= other_read_seq), default=0)
    made: list[Entry] = []
    before: Message | None = None
    for message in messages:
        day = _new_day(before, message)
        is_first_unread = first_unread is not None and message.id == first_unread.id
        is_own = message.sender_username == reader
        made.append(
            Entry(
                message=message,
                day=day,
                is_first_unread=is_first_unread,
                continues=day is None and not is_first_unread and _continues(before, message),
                is_own=is_own,
                state=STATES[message.seq <= other_read_seq] if is_own else "",
                is_last_read=message.seq == last_read_seq,
                is_called=not is_own and not message.deleted and (message.mentions_room or reader in message.mentions),
            )
        )
        before = message
    return made


def first_unread(messages: Sequence[Message], *, reader: str, unread: int) -> Message | None:
    """Of the last messages of a conversation, where the others have said as much as the reader has not seen.

    None where all has been seen, or where it begins before them.
    """
    others = _news(messages, reader)
    return others[-unread] if 0 < unread <= len(others) else None


def first_of_others(messages: Sequence[Message], *, reader: str) -> Message | None:
    """Of those that the reader has not seen, the first that counts as unread."""
    return next(iter(_news(messages, reader)), None)


def _news(messages: Sequence[Message], reader: str) -> list[Message]:
    return [message for message in messages if message.sender_username != reader and not message.deleted]


def _new_day(before: Message | None, message: Message) -> date | None:
    day = message.timestamp.date()
    return None if before is not None and before.timestamp.date() == day else day


def _continues(before: Message | None, message: Message) -> bool:
    return (
        before is not None
        and before.sender_username == message.sender_username
        and message.reply_to is None
        and message.timestamp - before.timestamp < GROUP_TIME
    )
