"""The message view: all that the markup of one message is made from, and so what it can be kept by."""

from collections.abc import Mapping

import msgspec

from gateway.domain.api_types import Attachment, Message
from gateway.domain.people import Person
from gateway.domain.previews import preview
from gateway.domain.room_powers import RoomPowers
from gateway.domain.timeline import Entry

LINES_SHOWN_MAX = 40  # scripts count alike


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a message that another one answers; `file` is its first."""

    sender_name: str
    text: str
    file: Attachment | None = None
    deleted: bool = False

    @classmethod
    def of(cls, message: Message, people: Mapping[str, Person]) -> "Quote":
        sender = people.get(message.sender_username)
        name = sender.name if sender is not None else message.sender_username
        file = message.attachments[0] if message.attachments and not message.message else None
        return cls(sender_name=name, text=preview(message.message), file=file, deleted=message.deleted)


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing else determines the markup, but for the language, and for what was typed into a form that is open.

    `path` is that of the conversation's page, and `history_query` leads to the part of it that is shown. `quote` is
    None where the message that is answered is not known. `reader` is who looks, where that shows: in reactions, of
    which one's own are marked. `tools` is what the reader is about to do with the message: edit, delete, react, report;
    `more` is to choose among all.
    `is_collapsed`: the reader has blocked who said it, and sees it only if they want to.
    """

    message: Message
    sender: Person
    path: str
    history_query: str
    continues: bool
    is_own: bool
    may_delete: bool
    may_pin: bool = False
    is_pinned: bool = False
    is_collapsed: bool = False
    state: str
    is_last_read: bool = False
    is_called: bool = False
    reader: str
    quote: Quote | None
    tools: tuple[str, ...]

    @property
    def is_long(self) -> bool:
        """It has so many lines that not all of them are shown at once."""
        return self.message.message.count("\n") >= LINES_SHOWN_MAX


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads what, and how: what the messages of a page have in common.

    `collapsed` are those whose messages are not shown at once. `tools` has the ids of the messages with a tool,
    `pinned` those of the pinned.
    """

    reader: str
    powers: RoomPowers
    collapsed: frozenset[str]
    path: str
    history_query: str
    people: dict[str, Person]
    answered: dict[int, Message]
    tools: dict[str, int | None]
    may_pin: bool = False
    pinned: frozenset[int] = frozenset()

    def view(self, entry: Entry) -> MessageView:
        message = entry.message
        username = message.sender_username
        return MessageView(
            message=message,
            sender=self.people.get(username) or Person(username, username),
            path=self.path,
            history_query=self.history_query,
            continues=entry.continues,
            is_own=entry.is_own,
            may_delete=entry.is_own or self.powers.may_remove_message_of(username),
            may_pin=self.may_pin,
            is_pinned=message.id in self.pinned,
            is_collapsed=username in self.collapsed,
            state=entry.state,
            is_last_read=entry.is_last_read,
            is_called=entry.is_called,
            reader=self.reader if message.reactions else "",
            quote=self.quote(message.reply_to),
            tools=tuple(tool for tool, message_id in self.tools.items() if message_id == message.id),
        )

    def quote(self, message_id: int | None) -> Quote | None:
        original = self.answered.get(message_id) if message_id is not None else None
        return None if original is None else Quote.of(original, self.people)
