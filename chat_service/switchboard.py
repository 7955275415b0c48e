"""The switchboard: which calls go on, in Redis, so that it does not matter which instance somebody is connected to.

A call is known by its conversation. It ends by itself where everybody who could end it died.
"""

import msgspec

from chat_service.domain.calls import CALL_S_MAX, RING_S, Call
from servicekit.bus import Bus

# The call that goes on already, if there is one.
_RING = """\
local old = redis.call('GET', ARGV[1])
if not old then redis.call('SET', ARGV[1], ARGV[2], 'EX', ARGV[3]) end
return old
"""
# Whether the call was still the one that is meant.
_REPLACE = """\
if redis.call('GET', ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('DEL', ARGV[1]) else redis.call('SET', ARGV[1], ARGV[3], 'EX', ARGV[4]) end
return 1
"""
_RING_KEPT_S = RING_S + 15  # an instance that waits for the answer ends it sooner


class Switchboard:
    """Raises BusUnavailable."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def ring(self, conversation: str, call: Call) -> Call | None:
        """Begin the call; the one that was going on already, which then goes on."""
        key = self._key(conversation)
        (old,) = await self._bus.execute(("EVAL", _RING, 0, key, _encode(call), _RING_KEPT_S))
        return msgspec.json.decode(old, type=Call) if old else None

    async def find(self, conversation: str) -> Call | None:
        (found,) = await self._bus.execute(("GET", self._key(conversation)))
        return msgspec.json.decode(found, type=Call) if found else None

    async def answer(self, conversation: str, call: Call, answered: Call) -> bool:
        """Put `answered` in place of `call`; False where that has ended or changed meanwhile."""
        return await self._replace(conversation, call, _encode(answered))

    async def end(self, conversation: str, call: Call) -> bool:
        """True for just one of those who end the same call at once."""
        return await self._replace(conversation, call, b"")

    async def take_part(self, username: str, conversation: str) -> None:
        """Remember that the person is in this call, wherever they will be connected when they leave."""
        key = self._own_key(username)
        await self._bus.execute(("SADD", key, conversation), ("EXPIRE", key, CALL_S_MAX))

    async def leave(self, username: str) -> list[str]:
        """The conversations in whose calls the person took part; some may have ended. They are forgotten."""
        key = self._own_key(username)
        conversations, _ = await self._bus.execute(("SMEMBERS", key), ("DEL", key))
        return sorted(one.decode() for one in conversations)

    async def _replace(self, conversation: str, call: Call, new: bytes) -> bool:
        key = self._key(conversation)
        (reply,) = await self._bus.execute(("EVAL", _REPLACE, 0, key, _encode(call), new, CALL_S_MAX))
        return bool(reply == 1)

    def _own_key(self, username: str) -> bytes:
        return self._bus.channel(f"calls:{username}")

    def _key(self, conversation: str) -> bytes:
        return self._bus.channel(f"call:{conversation}")


def _encode(call: Call) -> bytes:
    return msgspec.json.encode(call)
