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
    went on, so that name and picture need not be said again. `state` is that of one's own message.
    """

    message: Message
    day: date | None = None
    is_first_unread: bool = False
    continues: bool = False
    is_own: bool = False
    state: str = ""


def entries(messages: Sequence[Message], *, reader: str, unread: int = 0, other_read_seq: int = 0) -> list[Entry]:
    """One for each message, oldest first. `unread`: how many of the others' last messages the reader has not seen."""
    first_unread = _first_unread(messages, reader, unread)
    made: list[Entry] = []
    before: Message | None = None
    for message in messages:
        day = _new_day(before, message)
        is_own = message.sender_username == reader
        made.append(
            Entry(
                message=message,
                day=day,
                is_first_unread=message is first_unread,
                continues=day is None and message is not first_unread and _continues(before, message),
                is_own=is_own,
                state=STATES[message.seq <= other_read_seq] if is_own else "",
            )
        )
        before = message
    return made


def _first_unread(messages: Sequence[Message], reader: str, unread: int) -> Message | None:
    others = [message for message in messages if message.sender_username != reader and not message.deleted]
    return others[-unread] if 0 < unread <= len(others) else None


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
