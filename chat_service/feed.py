"""The feed: events between instances, over one Redis channel for each connected person."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from servicekit.bus import Bus, Command

# Publishes to the reader, then to the sender's devices, who learn with it whether the reader has a connection.
_DELIVER = """\
local readers = redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4] .. (readers > 0 and 'true}' or 'false}'))
return readers
"""
_DELIVER_SHA = hashlib.sha1(_DELIVER.encode(), usedforsecurity=False).hexdigest()


class Delivery(msgspec.Struct, frozen=True):
    """A sealed message for its reader, and for its sender up to the value of `delivered`."""

    reader: str
    to_reader: bytes
    sender: str
    to_sender_open: bytes


class Feed:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        bus.on_connected(lambda: bus.send(("SCRIPT", "LOAD", _DELIVER)))

    def on_connected(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the subscriptions are in force again; what was published before may be lost."""
        self._bus.on_connected(listener)

    def subscribe(self, username: str, handler: Callable[[bytes], None]) -> Awaitable[bool]:
        """From here on the person counts as online. False: Redis is away, and it holds from its return on."""
        return self._bus.subscribe(_channel(username), handler)

    def unsubscribe(self, username: str) -> None:
        self._bus.unsubscribe(_channel(username))

    async def deliver(self, deliveries: Sequence[Delivery]) -> list[bool | None]:
        """Publish a group in one pipeline; for each, whether its reader is connected, or None if that is not known.

        Raises BusUnavailable.
        """
        replies = await self._bus.execute(*(self._delivery(one) for one in deliveries))
        return [reply > 0 if isinstance(reply, int) else None for reply in replies]

    def _delivery(self, one: Delivery) -> Command:
        reader, sender = self._bus.channel(_channel(one.reader)), self._bus.channel(_channel(one.sender))
        return ("EVALSHA", _DELIVER_SHA, 0, reader, one.to_reader, sender, one.to_sender_open)

    def tell(self, usernames: Iterable[str], payload: bytes) -> None:
        """Publish `payload` to these people, once and without waiting."""
        commands = [("PUBLISH", self._bus.channel(_channel(name)), payload) for name in usernames]
        if commands:
            self._bus.send(*commands)

    async def online(self, usernames: Sequence[str]) -> set[str]:
        """Who of them has a connection anywhere. Raises BusUnavailable."""
        if not usernames:
            return set()
        channels = [self._bus.channel(_channel(name)) for name in usernames]
        (counts,) = await self._bus.execute(("PUBSUB", "NUMSUB", *channels))
        return {name for name, count in zip(usernames, counts[1::2], strict=True) if count}

    async def announce_leaving(self, username: str, grace_s: int) -> None:
        """Let other instances know that the person may be back within `grace_s`. Raises BusUnavailable."""
        await self._bus.execute(("SET", self._bus.channel(f"leaving:{username}"), "1", "EX", grace_s))

    async def was_here(self, username: str) -> bool:
        """Whether the person is online already, or left only a moment ago. Raises BusUnavailable."""
        counts, leaving = await self._bus.execute(
            ("PUBSUB", "NUMSUB", self._bus.channel(_channel(username))),
            ("GETDEL", self._bus.channel(f"leaving:{username}")),
        )
        return bool(counts[1]) or leaving is not None


def _channel(username: str) -> str:
    return f"person:{username}"
