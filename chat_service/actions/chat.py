"""Chat: what one person does in their conversations."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import msgspec

from chat_service.actions.delivery import Delivery
from chat_service.actions.people import People
from chat_service.actions.presence import Presence
from chat_service.actions.replaying import PacedConnection, Replaying
from chat_service.domain import events
from chat_service.domain.attachments import Attachment
from chat_service.domain.calls import CallRecord
from chat_service.domain.changes import AnyDraft, Appended, ChangeDraft, Entry, Kind
from chat_service.domain.commands import Delete, Edit, Lasting, React, Read, Resume, SendMessage
from chat_service.domain.conversations import direct_name, is_room, label_of_person, other_than, room_label
from chat_service.domain.emoji import fully_qualified, is_emoji
from chat_service.domain.messages import Draft, StoredMessage, check_text
from chat_service.domain.people import SavedChat
from chat_service.domain.rates import PEOPLE_REMEMBERED_MAX, TokenBuckets
from chat_service.domain.readers import Reader
from chat_service.domain.refusals import (
    InvalidEmoji,
    NotAMember,
    RecipientIsSelf,
    RecipientOffline,
    TooManyConnections,
    TooManyMessages,
)
from chat_service.store.conversations import Conversations
from chat_service.store.people import PeopleStore
from chat_service.writer import GroupWriter
from servicekit.problems import Refusal

TYPING_INTERVAL_S = 1.0


class Page(msgspec.Struct, frozen=True):
    """Which part of a history: at most `limit` messages before or after a message id."""

    before: int | None = None
    after: int | None = None
    limit: int = 50


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """0 switches a limit off, where that is allowed."""

    message_length_max: int
    messages_per_second: int
    messages_burst: int
    connections_per_person: int
    resume_events_max: int


class Asker(Protocol):
    """Who asked for something to be stored: a device, or a request that waits for the outcome."""

    def answered(self, entry: Entry | None) -> None:
        """It is stored; None: there was nothing to change."""

    def refused(self, refusal: Refusal, nonce: str | None) -> None:
        """It is not stored."""

    def tell_refusal(self, refusal: Refusal, nonce: str | None) -> None:
        """Something else is worth knowing."""


class Device(Asker, PacedConnection, Protocol):
    """A connection as chat sees it: what it sent is answered by an event or by a refusal."""


Origin = tuple[Asker, str | None]  # who asked, and with which nonce


class Chat:
    def __init__(
        self,
        *,
        conversations: Conversations,
        contacts: PeopleStore,
        people: People,
        presence: Presence,
        delivery: Delivery,
        writer: GroupWriter[AnyDraft, Appended],
        limits: Limits,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._conversations = conversations
        self._contacts = contacts
        self._people = people
        self._presence = presence
        self._delivery = delivery
        self._replaying = Replaying(store=conversations, nudge=delivery.nudge, events_max=limits.resume_events_max)
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic
        self._writer = writer
        self._connections: Counter[str] = Counter()
        self._buckets = TokenBuckets(per_second=limits.messages_per_second, burst=limits.messages_burst)
        self._typing: dict[tuple[str, str], float] = {}
        self._publishing: set[asyncio.Task[None]] = set()

    @property
    def message_length_max(self) -> int:
        return self._limits.message_length_max

    # Connections

    def check_connections(self, username: str) -> None:
        """Raises TooManyConnections."""
        connections_max = self._limits.connections_per_person
        if connections_max and self._connections[username] >= connections_max:
            raise TooManyConnections(connections_max)

    def connected(self, username: str) -> None:
        """Count a connection, from the moment of its admission: many may come at once."""
        self._connections[username] += 1

    def disconnected(self, username: str) -> None:
        self._connections[username] -= 1
        if not self._connections[username]:
            del self._connections[username]

    async def enter(self, username: str) -> Reader:
        """The person's reader, at a known place in each conversation."""
        return await self._delivery.enter(username)

    async def contacts_online(self, username: str) -> list[str]:
        """Ask when presence comes to a connection already: then no change is missed in between."""
        return await self._presence.contacts_online(username)

    async def complete(self, reader: Reader, device: Device) -> None:
        """Put the conversations into the device's places that were begun since the reader was loaded."""
        unknown = device.started_at.keys() - device.places.keys()
        found = await self._conversations.places(reader.username) if unknown else {}
        for label in unknown:
            if label in found:
                reader.places[label] = device.places[label] = found[label]
            else:  # they have erased their account
                del device.started_at[label]

    def leave(self, reader: Reader, device: Device | None = None) -> None:
        self._delivery.leave(reader, device)

    # Which conversation a command is about

    def conversation_of(self, username: str, to: str | None, room: str | None) -> str | None:
        """Its stored name, if no I/O is needed to tell. Raises RecipientIsSelf."""
        if room is not None:
            return room_label(room)
        person = self._people.remembered(to or "")
        return None if person is None else self._direct(username, person.username)

    async def find_conversation(self, username: str, to: str) -> str:
        """Raises UnknownRecipient, DirectoryUnavailable or RecipientIsSelf."""
        return self._direct(username, (await self._people.get_known(to)).username)

    @staticmethod
    def _direct(username: str, other: str) -> str:
        if username == other:
            raise RecipientIsSelf
        return direct_name(username, other)

    # What is stored

    def submit(
        self,
        username: str,
        asker: Asker,
        command: Lasting,
        conversation: str = "",
        attachments: tuple[Attachment, ...] = (),
    ) -> None:
        """Queue the command for the disk; `asker` learns of the outcome. Raises a ChatRefusal.

        `conversation` is the stored name of the one that the command is about; a command about a message may go
        without. `attachments` are what a message's files have been found to be.
        """
        draft = self._draft(username, command, conversation, attachments)
        self.count(username)
        self._writer.submit((asker, getattr(command, "nonce", None)), draft)

    def count(self, username: str) -> None:
        """One more command of theirs. Raises TooManyMessages."""
        if not self._buckets.take(username, self._monotonic()):
            raise TooManyMessages(self._limits.messages_per_second)

    def submit_call(self, caller: str, asker: Asker, record: CallRecord, conversation: str) -> None:
        """The same for the line that is left of a call."""
        draft = Draft(
            sender_username=caller,
            receiver_username=other_than(caller, conversation),
            message=record.text,
            timestamp=self.now(),
            call=record,
        )
        self._writer.submit((asker, None), draft)

    def submit_membership(self, username: str, asker: Asker, kind: Kind, *, room: str, whom: str) -> None:
        """The same for who joins or leaves a room, or closes it."""
        draft = ChangeDraft(
            kind=kind, username=username, timestamp=self.now(), conversation=room_label(room), value=whom
        )
        self._writer.submit((asker, None), draft)

    def _draft(
        self, username: str, command: Lasting, conversation: str, attachments: tuple[Attachment, ...]
    ) -> AnyDraft:
        now = self.now()
        change = partial(ChangeDraft, username=username, timestamp=now, conversation=conversation)
        match command:
            case SendMessage():
                return self._message_draft(username, command, conversation, now, attachments)
            case Edit(id=message_id, message=text):
                check_text(text, length_max=self._limits.message_length_max)
                return change(kind=Kind.EDITED, message_id=message_id, value=text)
            case Delete(id=message_id):
                return change(kind=Kind.DELETED, message_id=message_id)
            case React(id=message_id, emoji=emoji, remove=removes):
                if not is_emoji(emoji):
                    raise InvalidEmoji
                return change(kind=Kind.REACTION, message_id=message_id, value=fully_qualified(emoji), removes=removes)
            case Read(seq=mark):
                return change(kind=Kind.READ, mark=mark)

    def _message_draft(
        self,
        username: str,
        command: SendMessage,
        conversation: str,
        now: str,
        attachments: tuple[Attachment, ...],
    ) -> Draft:
        check_text(command.message, length_max=self._limits.message_length_max, may_be_empty=bool(attachments))
        return Draft(
            sender_username=username,
            receiver_username=None if command.room is not None else other_than(username, conversation),
            room=command.room,
            message=command.message,
            timestamp=now,
            nonce=command.nonce,
            reply_to=command.reply_to,
            attachments=attachments,
        )

    def stored(self, outcomes: Sequence[tuple[Origin, Appended | Refusal]]) -> None:
        """A group is on disk: answer what needs no publishing, and publish the rest."""
        fresh: list[tuple[Origin, Entry]] = []
        for (asker, nonce), outcome in outcomes:
            if isinstance(outcome, Refusal):
                asker.refused(outcome, nonce)
            elif outcome.entry is None:
                asker.answered(None)
                if outcome.changed_before is not None:
                    self._delivery.nudge(dict([outcome.changed_before]))
            elif outcome.is_new:
                fresh.append(((asker, nonce), outcome.entry))
            else:
                asker.answered(outcome.entry)
                self._delivery.repeat(outcome.entry, asker)
        if fresh:
            # Tasks start in the order of their making, so groups are published in the order of the log.
            task = asyncio.create_task(self._publish(fresh))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _publish(self, fresh: Sequence[tuple[Origin, Entry]]) -> None:
        """`sent` comes to all the sender's devices through their channel; here is only what the asking one learns."""
        delivered = await self._delivery.publish([entry for _, entry in fresh])
        for ((asker, nonce), entry), is_delivered in zip(fresh, delivered, strict=True):
            asker.answered(entry)
            if is_delivered is False and isinstance(entry, StoredMessage):
                asker.tell_refusal(RecipientOffline(entry.receiver_username or ""), nonce)

    def type(self, reader: Reader, conversation: str) -> None:
        """Tell the others, at most once a second. Raises NotAMember."""
        if is_room(conversation) and conversation not in reader.positions:
            raise NotAMember(conversation)
        key, now_s = (reader.username, conversation), self._monotonic()
        if now_s - self._typing.get(key, float("-inf")) >= TYPING_INTERVAL_S:
            self._delivery.tell_typing(reader.username, conversation)
            self._typing.pop(key, None)  # so that the one who typed longest ago comes first
            self._typing[key] = now_s
            if len(self._typing) > PEOPLE_REMEMBERED_MAX:
                del self._typing[next(iter(self._typing))]

    # History

    async def resume(self, reader: Reader, device: Device, command: Resume, *, is_late: bool) -> None:
        """Bring a device that was away up to where it started on this connection.

        `is_late`: live events were not held for it any more.
        """
        started_at = device.started_at
        overtaken = {label for label, seq in reader.positions.items() if is_late and seq > started_at.get(label, 0)}
        await self._replaying.replay(reader, device, command, overtaken=overtaken)

    async def history(self, username: str, label: str, page: Page) -> list[events.MessageView]:
        """Raises NotAMember for a room that they are not in."""
        if is_room(label) and not await self._conversations.is_member(username, label):
            raise NotAMember(label)
        found = await self._conversations.history(
            username, label, before=page.before, after=page.after, limit=page.limit
        )
        return [events.view(username, message, reactions) for message, reactions in found]

    async def label_of(self, other: str) -> str:
        """How a conversation with `other` is called. Raises UnknownRecipient or DirectoryUnavailable."""
        return label_of_person((await self._people.get_known(other)).username)

    async def saved_chats(self, username: str) -> list[SavedChat]:
        saved = await self._conversations.saved_chats(username)
        online = await self._presence.online([chat.chat_username for chat in saved])
        return [msgspec.structs.replace(chat, online=chat.chat_username in online) for chat in saved]

    async def save_chat(self, username: str, other: str, nickname: str | None, pfp: str | None) -> None:
        """Save the chat, or change how it is shown. Raises UnknownRecipient, RecipientIsSelf."""
        person = await self._people.get(other)
        if person.username == username:
            raise RecipientIsSelf
        await self._contacts.save_chat(
            username,
            person.username,
            nickname=nickname or person.nickname,
            pfp=person.pfp if pfp is None else pfp,
            now=self.now(),
        )

    def now(self) -> str:
        """RFC 3339, UTC, milliseconds: sorts as text."""
        moment = datetime.fromtimestamp(self._clock(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
