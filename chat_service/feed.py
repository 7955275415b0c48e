"""The feed: envelopes between instances, over a Redis channel for each connected person and each followed room.

On the wire an envelope to a person is `<label> <seq> <event>`, and one to a room
`<label> <seq> - <bytes of the rest> <epoch> <whose> <bytes> <for the author><event>`; `whose` is `-` for nobody's, a
username for its author's, and `!` with a username, or alone, for who is no member any more. What belongs to no epoch
leaves out the dash, the bytes and the epoch; so did older versions with everything, and what they do not know of they
take for a nudge.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Label
from chat_service.domain.deliveries import Delivery, DirectDelivery
from chat_service.domain.envelopes import EVERYBODY, Envelope, RoomEnvelope, person_channel, room_channel
from chat_service.domain.events import sent_open
from servicekit.bus import Bus, Command, accepted
from servicekit.prompt_replies import PromptReply

# Publishes to the reader, then to the sender's devices, who learn with it whether the reader has a connection.
_DELIVER = """\
local readers = redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4] .. (readers > 0 and 'true}' or 'false}'))
return readers
"""
# Only the last leaving counts, and only while nobody has come back: then it is gone, and to come back is news again.
_HAS_LEFT = """\
if redis.call('GET', ARGV[1]) ~= ARGV[3] or redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2] > 0 then return 0 end
return redis.call('DEL', ARGV[1])
"""
_LOAD: Command = ("SCRIPT", "LOAD", _DELIVER)
ORPHANED_FILES_NEWS, ACTS_NEWS = "released-files", "acts"
_LEAVING_S_MAX = 10  # longer than the grace; it ends by itself only where an instance died
_DELIVER_SHA = hashlib.sha1(_DELIVER.encode(), usedforsecurity=False).hexdigest()
_NOBODYS, _DEPARTED = "-", "!"
# How an older version tells that somebody is no member any more: by the event alone.
_ENDINGS = (b'{"type":"left"', b'{"type":"closed"')


class Leaving(NamedTuple):
    """One time that the last connection of somebody here ended."""

    id: str
    noted: PromptReply


class Feed:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        bus.begin_with(_LOAD)

    @property
    def is_connected(self) -> bool:
        return self._bus.is_connected

    def on_connected(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the subscriptions are in force again; what was published before may be lost."""
        self._bus.on_connected(listener)

    def follow_person(self, username: str, handler: Callable[[Envelope], None]) -> Awaitable[bool]:
        """From here on the person counts as online. False: Redis is away, and it holds from its return on."""
        channel = person_channel(username)
        return self._bus.subscribe(channel, lambda payload: handler(decode_from_person(channel, payload)))

    def unfollow_person(self, username: str) -> None:
        self._bus.unsubscribe(person_channel(username))

    def follow_room(self, label: Label, handler: Callable[[RoomEnvelope], None]) -> Awaitable[bool]:
        """False as above."""
        channel = room_channel(label)
        return self._bus.subscribe(channel, lambda payload: handler(decode_from_room(channel, payload)))

    def unfollow_room(self, label: Label) -> None:
        self._bus.unsubscribe(room_channel(label))

    async def deliver(self, deliveries: Sequence[Delivery]) -> list[bool | None]:
        """Publish a group in one pipeline; for each 1:1 message, whether its reader is connected, else True.

        None where Redis refused. Raises BusUnavailable.
        """
        commands = [self._commands(delivery) for delivery in deliveries]
        # The last reply comes after all pushes: so `sent` is passed on before anybody learns of an absent reader.
        *replies, _ = await self._bus.execute(*chain.from_iterable(commands), ("PING",))
        if not all(isinstance(reply, int) for reply in replies):
            self._bus.send(_LOAD)  # somebody emptied Redis's cache of scripts
        answers = iter(replies)
        return [
            self._delivered(delivery, [next(answers) for _ in own])
            for delivery, own in zip(deliveries, commands, strict=True)
        ]

    @staticmethod
    def _delivered(delivery: Delivery, replies: Sequence[object]) -> bool | None:
        (reply, *_) = replies
        if isinstance(reply, int):
            return reply > 0 if isinstance(delivery, DirectDelivery) else True
        return None

    def _commands(self, delivery: Delivery) -> list[Command]:
        if isinstance(delivery, DirectDelivery):
            to_reader, to_sender = delivery.envelopes
            channels = self._bus.channel(to_reader.channel), self._bus.channel(to_sender.channel)
            without_delivered = _payload(to_sender, sent_open(to_sender.event))
            return [("EVALSHA", _DELIVER_SHA, 0, channels[0], encode(to_reader), channels[1], without_delivered)]
        return [self._publication(envelope) for envelope in delivery.envelopes]

    def tell(self, envelopes: Iterable[Envelope]) -> None:
        """Publish these, once and without waiting."""
        commands = [self._publication(envelope) for envelope in envelopes]
        if commands:
            self._bus.send(*commands)

    def tell_of_hidden_files(self) -> None:
        """The media service may look what no message shows any more, and who may see what."""
        self._bus.send(("PUBLISH", self._bus.channel(ORPHANED_FILES_NEWS), b""))

    def tell_of_acts(self) -> None:
        """The auth service may look what moderators did."""
        self._bus.send(("PUBLISH", self._bus.channel(ACTS_NEWS), b""))

    async def tell_surely(self, envelopes: Sequence[Envelope]) -> None:
        """Publish these. Raises BusUnavailable when that is not sure."""
        if envelopes:
            await self._bus.ask(*map(self._publication, envelopes))

    def _publication(self, envelope: Envelope) -> Command:
        return ("PUBLISH", self._bus.channel(envelope.channel), encode(envelope))

    async def online(self, usernames: Sequence[str]) -> set[str]:
        """Who of them has a connection anywhere, or had one a moment ago. Raises BusUnavailable.

        Who left within the grace counts: should they be back before its end, nobody will be told that they are.
        """
        if not usernames:
            return set()
        channels = [self._bus.channel(person_channel(name)) for name in usernames]
        counts, leaving = await self._bus.ask(
            ("PUBSUB", "NUMSUB", *channels),
            ("MGET", *(self._bus.channel(_leaving(name)) for name in usernames)),
        )
        found = zip(usernames, counts[1::2], leaving, strict=True)
        return {name for name, count, leaving_id in found if count or leaving_id}

    def announce_leaving(self, username: str) -> Leaving:
        """Let all instances know that the person may be back soon. This leaving, for `has_left`."""
        leaving_id = secrets.token_hex(8)
        note = ("SET", self._bus.channel(_leaving(username)), leaving_id, "EX", _LEAVING_S_MAX)
        return Leaving(leaving_id, PromptReply(self._bus, note))

    async def has_left(self, username: str, leaving: Leaving) -> bool:
        """Whether they have not been back since, anywhere; true once. Raises BusUnavailable.

        A Redis that is full has not taken the note: then it is true on each instance that they left.
        """
        if leaving.noted.is_refused:
            return not await self.online([username])
        keys = (self._bus.channel(_leaving(username)), self._bus.channel(person_channel(username)))
        (reply,) = await self._bus.ask(("EVAL", _HAS_LEFT, 0, *keys, leaving.id))
        return bool(reply == 1)

    def was_here(self, username: str) -> Awaitable[bool]:
        """Whether the person is online already, before a subscription that follows, or left only a moment ago.

        Asked when it is called, told when it is awaited; then raises BusUnavailable.
        """
        asked = self._bus.execute(
            ("PUBSUB", "NUMSUB", self._bus.channel(person_channel(username))),
            ("GET", self._bus.channel(_leaving(username))),
        )

        async def told() -> bool:
            counts, leaving = accepted(await asked)
            return bool(counts[1]) or leaving is not None

        return told()

    def forget_leaving(self, username: str) -> None:
        """They are back, and subscribed: not before, or for a moment nobody could tell."""
        self._bus.send(("DEL", self._bus.channel(_leaving(username))))


def _leaving(username: str) -> str:
    return f"leaving:{username}"


def encode(envelope: Envelope) -> bytes:
    """As the module says."""
    if not isinstance(envelope, RoomEnvelope):
        return _payload(envelope, envelope.event)
    whose = _NOBODYS if envelope.departed is None else _DEPARTED + envelope.departed
    rest = f"{envelope.author or whose} {len(envelope.for_author)} ".encode() + envelope.for_author + envelope.event
    if envelope.epoch:
        rest = f"{envelope.epoch} ".encode() + rest
        rest = f"{_NOBODYS} {len(rest)} ".encode() + rest
    return _payload(envelope, rest)


def _payload(envelope: Envelope, event: bytes) -> bytes:
    return f"{envelope.label.text} {envelope.seq} ".encode() + event


def decode_from_person(channel: str, payload: bytes) -> Envelope:
    label, seq, event = payload.split(b" ", 2)
    return Envelope(channel=channel, label=Label(label.decode()), seq=int(seq), event=event)


def decode_from_room(channel: str, payload: bytes) -> RoomEnvelope:
    label, seq, whose, length, events = payload.split(b" ", 4)
    epoch = b""
    if whose == _NOBODYS.encode() and length != b"0":
        epoch, whose, length, events = events.split(b" ", 3)
    author = whose.decode()
    departed = author.removeprefix(_DEPARTED) if author.startswith(_DEPARTED) else None
    at = int(length)
    if author == _NOBODYS and events.startswith(_ENDINGS):
        departed = _departed_before(events)
    return RoomEnvelope(
        channel=channel,
        label=Label(label.decode()),
        seq=int(seq),
        epoch=epoch.decode(),
        author="" if author == _NOBODYS or departed is not None else author,
        for_author=events[:at],
        event=events[at:],
        departed=departed,
    )


class _Ending(msgspec.Struct):
    type: str
    username: str


def _departed_before(event: bytes) -> str:
    ending = msgspec.json.decode(event, type=_Ending)
    return EVERYBODY if ending.type == Kind.CLOSED else ending.username
