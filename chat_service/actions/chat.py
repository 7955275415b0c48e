"""Chat: what one person does in their conversations."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol

import msgspec

from chat_service.actions.delivery import Delivery, PacedConnection
from chat_service.actions.people import People
from chat_service.actions.presence import Presence
from chat_service.domain import events
from chat_service.domain.commands import Resume, SendMessage
from chat_service.domain.messages import Appended, Draft, StoredMessage, check_text
from chat_service.domain.people import Person, SavedChat
from chat_service.domain.rates import TokenBucket
from chat_service.domain.readers import Reader
from chat_service.domain.refusals import (
    RecipientIsSelf,
    RecipientOffline,
    TooManyConnections,
    TooManyMessages,
    UnknownAttachment,
)
from chat_service.store import Store
from chat_service.writer import GroupWriter
from servicekit.problems import Refusal

_BUCKETS_MAX = 10_000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """0 switches a limit off, where that is allowed."""

    message_length_max: int
    messages_per_second: int
    messages_burst: int
    connections_per_person: int
    resume_events_max: int


class Device(PacedConnection, Protocol):
    """A connection as chat sees it: what it sent is answered by an event or by a refusal."""

    started_at: dict[str, int]

    def answered(self) -> None: ...
    def refused(self, refusal: Refusal, nonce: str | None) -> None: ...


Origin = tuple[Device, str | None]  # who asked, and with which nonce


class Chat:
    def __init__(
        self,
        *,
        store: Store,
        people: People,
        presence: Presence,
        delivery: Delivery,
        writer: GroupWriter[Draft, Appended],
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._people = people
        self._presence = presence
        self._delivery = delivery
        self._limits = limits
        self._clock = clock
        self._writer = writer
        self._connections: Counter[str] = Counter()
        self._buckets: dict[str, TokenBucket] = {}
        self._publishing: set[asyncio.Task[None]] = set()

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

    async def enter(self, username: str) -> tuple[Reader, list[str]]:
        """The person's reader, and who of their contacts is online."""
        online = await self._presence.contacts_online(username)
        return await self._delivery.enter(username), online

    def leave(self, reader: Reader, device: Device | None = None) -> None:
        self._delivery.leave(reader, device)

    # Messages

    def recipient(self, username: str) -> Person | None:
        """The person, if no I/O is needed to tell."""
        return self._people.remembered(username)

    async def find_recipient(self, username: str) -> Person:
        """Raises UnknownRecipient or DirectoryUnavailable."""
        return await self._people.get(username)

    def send_message(self, reader: Reader, device: Device, command: SendMessage, recipient: Person) -> None:
        """Queue the message for the disk; the device learns of `sent` or a refusal. Raises a ChatRefusal."""
        self._check(reader, command, recipient)
        draft = Draft(
            sender_username=reader.username,
            receiver_username=recipient.username,
            message=command.message,
            timestamp=timestamp(self._clock()),
            nonce=command.nonce,
            reply_to=command.reply_to,
        )
        self._writer.submit((device, command.nonce), draft)

    def _check(self, reader: Reader, command: SendMessage, recipient: Person) -> None:
        check_text(command.message, length_max=self._limits.message_length_max)
        if recipient.username == reader.username:
            raise RecipientIsSelf
        if command.attachments:
            raise UnknownAttachment
        if not self._bucket(reader.username).take(monotonic()):
            raise TooManyMessages(self._limits.messages_per_second)

    def _bucket(self, username: str) -> TokenBucket:
        """The person's, which outlives their connections: coming back earns nobody a new burst."""
        limits = self._limits
        bucket = self._buckets.pop(username, None) or TokenBucket(
            per_second=limits.messages_per_second, burst=limits.messages_burst
        )
        self._buckets[username] = bucket
        if len(self._buckets) > _BUCKETS_MAX:
            del self._buckets[next(iter(self._buckets))]
        return bucket

    def stored(self, outcomes: Sequence[tuple[Origin, Appended | Refusal]]) -> None:
        """A group is on disk: answer what needs no publishing, and publish the rest."""
        fresh: list[tuple[Origin, StoredMessage]] = []
        for (device, nonce), outcome in outcomes:
            if isinstance(outcome, Refusal):
                device.answered()
                device.refused(outcome, nonce)
            elif outcome.is_new:
                fresh.append(((device, nonce), outcome.message))
            else:
                device.answered()
                self._delivery.repeat(outcome.message, device)
        if fresh:
            # Tasks start in the order of their making, so groups are published in the order of the log.
            task = asyncio.create_task(self._publish(fresh))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _publish(self, fresh: Sequence[tuple[Origin, StoredMessage]]) -> None:
        """`sent` comes to all the sender's devices through their channel; here is only what the asking one learns."""
        delivered = await self._delivery.publish([message for _, message in fresh])
        for ((device, nonce), message), is_delivered in zip(fresh, delivered, strict=True):
            device.answered()
            if is_delivered is False:
                device.refused(RecipientOffline(message.receiver_username), nonce)

    # History

    async def resume(self, reader: Reader, device: Device, command: Resume) -> None:
        """Bring a device that was away up to where it started on this connection."""
        await self._delivery.replay(
            reader,
            device,
            since=command.positions,
            until=device.started_at,
            events_max=self._limits.resume_events_max,
        )

    async def history(
        self, username: str, other: str, *, before: int | None, after: int | None, limit: int
    ) -> list[events.MessageView]:
        """Raises UnknownRecipient or DirectoryUnavailable."""
        person = await self._people.get(other)
        stored = await self._store.history(username, person.username, before=before, after=after, limit=limit)
        return [events.view(username, message) for message in stored]

    async def saved_chats(self, username: str) -> list[SavedChat]:
        saved = await self._store.saved_chats(username)
        online = await self._presence.online([chat.chat_username for chat in saved])
        return [msgspec.structs.replace(chat, online=chat.chat_username in online) for chat in saved]

    async def save_chat(self, username: str, other: str, nickname: str | None, pfp: str | None) -> None:
        """Save the chat, or change how it is shown. Raises UnknownRecipient, RecipientIsSelf."""
        person = await self._people.get(other)
        if person.username == username:
            raise RecipientIsSelf
        await self._store.save_chat(
            username,
            person.username,
            nickname=nickname or person.nickname,
            pfp=person.pfp if pfp is None else pfp,
            now=timestamp(self._clock()),
        )


def timestamp(now_s: float) -> str:
    """RFC 3339, UTC, milliseconds: sorts as text."""
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
