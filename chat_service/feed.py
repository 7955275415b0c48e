"""The feed: events between instances, over one Redis channel for each connected person."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import chain

from chat_service.domain.parcels import Letter, Parcel, person
from servicekit.bus import Bus, Command

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
RELEASES_NEWS = "released-files"
_LEAVING_S_MAX = 10  # longer than the grace; it ends by itself only where an instance died
_DELIVER_SHA = hashlib.sha1(_DELIVER.encode(), usedforsecurity=False).hexdigest()


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

    def subscribe(self, channel: str, handler: Callable[[bytes], None]) -> Awaitable[bool]:
        """From here on a person counts as online. False: Redis is away, and it holds from its return on."""
        return self._bus.subscribe(channel, handler)

    def unsubscribe(self, channel: str) -> None:
        self._bus.unsubscribe(channel)

    async def deliver(self, parcels: Sequence[Parcel]) -> list[bool | None]:
        """Publish a group in one pipeline; for each letter, whether its reader is connected, else True.

        None where Redis refused. Raises BusUnavailable.
        """
        commands = [self._commands(parcel) for parcel in parcels]
        # The last reply comes after all pushes: so `sent` is passed on before anybody learns of an absent reader.
        *replies, _ = await self._bus.execute(*chain.from_iterable(commands), ("PING",))
        if not all(isinstance(reply, int) for reply in replies):
            self._bus.send(_LOAD)  # somebody emptied Redis's cache of scripts
        answers = iter(replies)
        return [
            self._delivered(parcel, [next(answers) for _ in own]) for parcel, own in zip(parcels, commands, strict=True)
        ]

    @staticmethod
    def _delivered(parcel: Parcel, replies: Sequence[object]) -> bool | None:
        (reply, *_) = replies
        if isinstance(reply, int):
            return reply > 0 if isinstance(parcel, Letter) else True
        return None

    def _commands(self, parcel: Parcel) -> list[Command]:
        if isinstance(parcel, Letter):
            (reader, to_reader), (sender, to_sender) = parcel.envelopes
            channels = self._bus.channel(reader), self._bus.channel(sender)
            to_sender_open = to_sender.removesuffix(b"null}")
            return [("EVALSHA", _DELIVER_SHA, 0, channels[0], to_reader, channels[1], to_sender_open)]
        return [self._publication(channel, payload) for channel, payload in parcel.envelopes]

    def tell(self, channels: Iterable[str], payload: bytes) -> None:
        """Publish `payload` on these channels, once and without waiting."""
        commands = [self._publication(channel, payload) for channel in channels]
        if commands:
            self._bus.send(*commands)

    def tell_of_releases(self) -> None:
        """The media service may look what no message shows any more."""
        self.tell([RELEASES_NEWS], b"")

    async def tell_surely(self, news: Sequence[tuple[str, bytes]]) -> None:
        """Publish a payload each on these channels. Raises BusUnavailable when that is not sure."""
        if news:
            await self._bus.execute(*(self._publication(channel, payload) for channel, payload in news))

    def _publication(self, channel: str, payload: bytes) -> Command:
        return ("PUBLISH", self._bus.channel(channel), payload)

    async def online(self, usernames: Sequence[str]) -> set[str]:
        """Who of them has a connection anywhere, or had one a moment ago. Raises BusUnavailable.

        Who left within the grace counts: should they be back before its end, nobody will be told that they are.
        """
        if not usernames:
            return set()
        channels = [self._bus.channel(person(name)) for name in usernames]
        counts, leaving = await self._bus.execute(
            ("PUBSUB", "NUMSUB", *channels),
            ("MGET", *(self._bus.channel(_leaving(name)) for name in usernames)),
        )
        found = zip(usernames, counts[1::2], leaving, strict=True)
        return {name for name, count, leaving_id in found if count or leaving_id}

    def announce_leaving(self, username: str) -> str:
        """Let all instances know that the person may be back soon. The id of this leaving, for `has_left`."""
        leaving_id = secrets.token_hex(8)
        self._bus.send(("SET", self._bus.channel(_leaving(username)), leaving_id, "EX", _LEAVING_S_MAX))
        return leaving_id

    async def has_left(self, username: str, leaving_id: str) -> bool:
        """Whether they have not been back since, anywhere; true once. Raises BusUnavailable."""
        keys = (self._bus.channel(_leaving(username)), self._bus.channel(person(username)))
        (reply,) = await self._bus.execute(("EVAL", _HAS_LEFT, 0, *keys, leaving_id))
        return bool(reply == 1)

    async def was_here(self, username: str) -> bool:
        """Whether the person is online already, or left only a moment ago. Raises BusUnavailable."""
        counts, leaving = await self._bus.execute(
            ("PUBSUB", "NUMSUB", self._bus.channel(person(username))),
            ("GET", self._bus.channel(_leaving(username))),
        )
        return bool(counts[1]) or leaving is not None

    def forget_leaving(self, username: str) -> None:
        """They are back, and subscribed: not before, or for a moment nobody could tell."""
        self._bus.send(("DEL", self._bus.channel(_leaving(username))))


def _leaving(username: str) -> str:
    return f"leaving:{username}"
