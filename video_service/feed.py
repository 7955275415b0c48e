"""The feed: streams between instances, over Redis. Names are claimed by keys that expire, pictures are published.

A lease is renewed twice a second, to last the time in which a publisher may return, and RENEWED_MS_MAX. With no more
than the former left nobody has renewed it: its publisher is away, and the name is kept for them until it runs out. So
neither a dead instance nor a lost message leaves a ghost.

`bound:<name>` is chat's: the name is bound to a call (see `bound_audience`). Nobody else may have it meanwhile.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from servicekit.bus import Bus, Command
from video_service.domain.leases import ENDED, OVER, FoundStream, Interest, Lease, decode_picture, encode_picture
from video_service.domain.pictures import Picture
from video_service.domain.refusals import StreamTaken, TooManyStreams
from video_service.domain.streams import RETURN_S_MAX

RENEWED_MS_MAX = 2000

_ACQUIRE = """\
local held = redis.call('GET', KEYS[1])
local binding = redis.call('GET', KEYS[3])
if binding and binding ~= '' and string.match(binding, '^%S+') ~= ARGV[3] then return 'taken' end
if held then
  local username = string.match(held, '^%S+ (%S+)')
  if username ~= ARGV[3] or redis.call('PTTL', KEYS[1]) > tonumber(ARGV[5]) then return 'taken' end
end
local live = 0
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  local left = redis.call('PTTL', ARGV[7] .. name)
  if left == -2 then redis.call('SREM', KEYS[2], name) end
  if left > tonumber(ARGV[5]) then live = live + 1 end
end
if live >= tonumber(ARGV[6]) then return 'full' end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4])
return {binding}
"""
# Renews a lease, or leaves it to run out; 0 where somebody else has the name. A lease that Redis forgot is made again.
_RENEW = """\
local held = redis.call('GET', KEYS[1])
local binding = redis.call('GET', KEYS[3])
if binding and binding ~= '' and string.match(binding, '^%S+') ~= string.match(ARGV[2], '^%S+ (%S+)') then return 0 end
if held and string.match(held, '^%S+') ~= string.match(ARGV[2], '^%S+') then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return {binding}
"""
_DROP = """\
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^%S+') == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
_LIST = """\
local found = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  local held = redis.call('GET', ARGV[1] .. name)
  local binding = redis.call('GET', ARGV[2] .. name)
  if held then table.insert(found, {name, held, redis.call('PTTL', ARGV[1] .. name), binding}) end
end
return found
"""


class Feed:
    def __init__(self, bus: Bus, *, return_s: float = RETURN_S_MAX, renewed_ms_max: int = RENEWED_MS_MAX) -> None:
        self._away_ms = round(1000 * return_s)
        self._live_ms = self._away_ms + renewed_ms_max
        self._bus = bus
        self._names = bus.channel("streams")
        self._prefix = bus.channel("stream:")
        self._bindings = bus.channel("bound:")

    @property
    def is_connected(self) -> bool:
        return self._bus.is_connected

    async def acquire(self, name: str, lease: Lease, streams_max: int) -> bytes | None:
        """Make the name this lease's; its binding. Raises StreamTaken, TooManyStreams or BusUnavailable."""
        (answer,) = await self._bus.ask(
            (
                *("EVAL", _ACQUIRE, 3, *self._keys(name), name, lease.encode(), lease.username),
                *(self._live_ms, self._away_ms, streams_max, self._prefix),
            )
        )
        if answer == b"taken":
            raise StreamTaken(name)
        if answer == b"full":
            raise TooManyStreams(streams_max)
        return _binding(answer)

    async def renew(self, leases: Mapping[str, Lease]) -> dict[str, bytes | None]:
        """Keep the names; the bindings of all but those that have become somebody else's. Raises BusUnavailable."""
        answers = await self._bus.ask(*(self._renewal(name, lease, self._live_ms) for name, lease in leases.items()))
        return {name: _binding(answer) for name, answer in zip(leases, answers, strict=True) if answer != 0}

    def drop(self, name: str, lease: Lease) -> None:
        """Give the name up at once, and tell those elsewhere that nobody comes back to it."""
        self._bus.send(("EVAL", _DROP, 1, self._key(name), lease.key), ("PUBLISH", self._pictures(name), OVER))

    def on_binding(self, handler: Callable[[str, bytes], None]) -> Awaitable[bool]:
        """Pass the name of each stream that is bound to a call, or no more, to `handler`, and its binding."""

        def on_payload(payload: bytes) -> None:
            name, _, binding = payload.partition(b" ")
            handler(name.decode(), binding)

        return self._bus.subscribe("bound", on_payload)

    def leave(self, name: str, lease: Lease) -> None:
        """Tell those elsewhere that the publisher has gone; the name is kept for them for a while."""
        self._bus.send(self._renewal(name, lease, self._away_ms), ("PUBLISH", self._pictures(name), ENDED))

    async def find(self, names: Sequence[str]) -> list[FoundStream]:
        """What is claimed of these names. Raises BusUnavailable."""
        commands: Iterable[Command] = [
            command
            for name in names
            for command in (("GET", self._key(name)), ("PTTL", self._key(name)), ("GET", self._keys(name)[2]))
        ]
        answers = await self._bus.ask(*commands)
        found = zip(names, answers[::3], answers[1::3], answers[2::3], strict=True)
        return [self._found(name.encode(), *one) for name, *one in found if one[0] is not None]

    async def list_all(self) -> list[FoundStream]:
        """Every lease. Raises BusUnavailable."""
        (answer,) = await self._bus.ask(("EVAL", _LIST, 1, self._names, self._prefix, self._bindings))
        return [self._found(*one) for one in answer]

    # Pictures, from the instance where they are made

    def show(self, name: str, picture: Picture) -> None:
        self._bus.send(("PUBLISH", self._pictures(name), encode_picture(picture)))

    def on_interest(self, name: str, handler: Callable[[Interest], None]) -> Awaitable[bool]:
        return self._bus.subscribe(f"watching:{name}", lambda payload: handler(Interest.decode(payload)))

    def forget_interest(self, name: str) -> None:
        self._bus.unsubscribe(f"watching:{name}")

    # And where they are watched

    def watch(
        self, name: str, handler: Callable[[Picture | None], None], *, on_over: Callable[[], None]
    ) -> Awaitable[bool]:
        """Pass the stream's pictures to `handler`, and None when its publisher goes; `on_over` is for good."""

        def on_payload(payload: bytes) -> None:
            if payload == OVER:
                on_over()
            else:
                handler(None if payload == ENDED else decode_picture(payload))

        return self._bus.subscribe(f"pictures:{name}", on_payload)

    def unwatch(self, name: str) -> None:
        self._bus.unsubscribe(f"pictures:{name}")

    def tell_interest(self, name: str, interest: Interest) -> None:
        self._bus.send(("PUBLISH", self._bus.channel(f"watching:{name}"), interest.encode()))

    def _renewal(self, name: str, lease: Lease, lasts_ms: int) -> Command:
        return ("EVAL", _RENEW, 3, *self._keys(name), name, lease.encode(), lasts_ms)

    def _keys(self, name: str) -> tuple[bytes, bytes, bytes]:
        return self._key(name), self._names, self._bindings + name.encode()

    def _key(self, name: str) -> bytes:
        return self._prefix + name.encode()

    def _pictures(self, name: str) -> bytes:
        return self._bus.channel(f"pictures:{name}")

    def _found(self, name: bytes, held: bytes, left_ms: int, binding: bytes | None = None) -> FoundStream:
        return FoundStream(name.decode(), Lease.decode(held).bound(binding), left_ms > self._away_ms)


def _binding(answer: list[bytes | None]) -> bytes | None:
    """Of a script that answers {binding}. Lua's false, which is none, is null in a table."""
    return answer[0]
