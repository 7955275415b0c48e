"""The call registry: which calls go on, in Redis, so that it does not matter which instance somebody is connected to.

A call is known by its conversation, and binds what is shown in it: the video service finds at `bound:<stream>` who
shows it and who alone may see it, and for a while after the call nothing. Both keys are renewed while one of the two
is connected anywhere, and run out where everybody who could end the call died.
"""

from typing import Any

import msgspec

from chat_service.domain.calls import CALL_S_MAX, RING_S, Call
from chat_service.domain.conversations import Conversation
from chat_service.domain.refusals import StreamTaken
from servicekit.bus import Bus

KEPT_S = RING_S + 15  # an instance that waits for the answer ends a call sooner
ENDED_S = 30  # for which it is known that a call has ended, and was not forgotten
_LIMITS = f"local kept_s, ended_s, call_s_max = {KEPT_S}, {ENDED_S}, {CALL_S_MAX}\n"
_BINDING = """\
local prefix = ARGV[1]
local function key(kind, name) return prefix .. kind .. ':' .. name end
local function streams_of(call) return call ~= '' and cjson.decode(call).streams or {} end
local function people_in(conversation) return string.match(conversation, '^(.-)|(.+)$') end
local function binding(conversation, username)
  local one, other = people_in(conversation)
  return username .. ' ' .. (username == one and other or one)
end
local function set(name, value, lasts_s)
  local old = redis.call('GET', key('bound', name))
  redis.call('SET', key('bound', name), value, 'EX', lasts_s)
  if old ~= value then redis.call('PUBLISH', prefix .. 'bound', name .. ' ' .. value) end
end
local function is_free(conversation, username, name)
  local claim, bound = redis.call('GET', key('stream', name)), redis.call('GET', key('bound', name))
  if claim and string.match(claim, '^%S+ (%S+)') ~= username then return false end
  return not bound or bound == '' or bound == binding(conversation, username)
end
local function keep(conversation, call)
  redis.call('SET', key('call', conversation), call, 'EX', kept_s)
  redis.call('SADD', prefix .. 'calls', conversation)
  for username, name in pairs(streams_of(call)) do
    set(name, binding(conversation, username), kept_s)
    redis.call('SADD', key('calls', username), conversation)
    redis.call('EXPIRE', key('calls', username), call_s_max)
  end
end
"""
# Puts a call, or nothing, in the place of the one that is meant.
_CHANGE = (
    _LIMITS
    + _BINDING
    + """\
local conversation, old, new = ARGV[2], ARGV[3], ARGV[4]
if (redis.call('GET', key('call', conversation)) or '') ~= old then return 'changed' end
local shown = streams_of(new)
for username, name in pairs(shown) do
  if not is_free(conversation, username, name) then return 'taken' end
end
for username, name in pairs(streams_of(old)) do
  if shown[username] ~= name then set(name, '', ended_s) end
end
if new ~= '' then
  keep(conversation, new)
else
  redis.call('SET', key('call', conversation), '', 'EX', ended_s)
  redis.call('SREM', prefix .. 'calls', conversation)
end
return 'done'
"""
)
# Renews the calls that go on and puts back those that were forgotten; all that are there then, each after its name.
_KEEP = (
    _LIMITS
    + _BINDING
    + """\
local function is_online(conversation)
  for _, username in ipairs({people_in(conversation)}) do
    if redis.call('PUBSUB', 'NUMSUB', key('person', username))[2] > 0 then return true end
  end
end
for at = 3, #ARGV, 2 do
  if redis.call('EXISTS', key('call', ARGV[at])) == 0 and is_online(ARGV[at]) then keep(ARGV[at], ARGV[at + 1]) end
end
local going_on = {}
for _, conversation in ipairs(redis.call('SMEMBERS', prefix .. 'calls')) do
  local call = redis.call('GET', key('call', conversation))
  if not call or call == '' then
    redis.call('SREM', prefix .. 'calls', conversation)
  else
    local answered_at = cjson.decode(call).answered_at
    if type(answered_at) == 'number' and ARGV[2] - answered_at < call_s_max and is_online(conversation) then
      keep(conversation, call)
    end
    table.insert(going_on, conversation)
    table.insert(going_on, call)
  end
end
return going_on
"""
)


class CallRegistry:
    """Raises BusUnavailable."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._prefix = bus.channel("")
        self._known: dict[bytes, bytes] = {}  # by conversation: the calls that went on a moment ago

    async def find(self, conversation: Conversation) -> Call | None:
        found = await self._ask("GET", self._bus.channel(f"call:{conversation.name}"))
        return msgspec.json.decode(found, type=Call) if found else None

    async def change(self, conversation: Conversation, call: Call | None, new: Call | None) -> bool:
        """Put `new` in place of `call`, None for none, and bind its streams; the others are free again.

        False where the call has ended or changed meanwhile: so one alone ends it. Raises StreamTaken.
        """
        before, after = _encode(call), _encode(new)
        answer = await self._ask("EVAL", _CHANGE, 0, self._prefix, conversation.name, before, after)
        if answer == b"taken":
            raise StreamTaken
        if answer == b"done":
            self._known.pop(conversation.name.encode(), None)
            if new is not None:
                self._known[conversation.name.encode()] = after
        return bool(answer == b"done")

    async def keep(self, now: int) -> None:
        """Renew what goes on; put back what Redis has forgotten since it was asked last."""
        known = [part for one in self._known.items() for part in one]
        answer = await self._ask("EVAL", _KEEP, 0, self._prefix, now, *known)
        self._known = dict(zip(answer[::2], answer[1::2], strict=True))

    async def leave(self, username: str) -> list[Conversation]:
        """The conversations in whose calls the person took part; some may have ended. They are forgotten."""
        key = self._bus.channel(f"calls:{username}")
        conversations = await self._ask("SMEMBERS", key)
        await self._ask("DEL", key)
        return [Conversation(name.decode()) for name in sorted(conversations)]

    async def all_with(self, username: str) -> list[Conversation]:
        """The conversations of the person whose call goes on, or has rung; some may have ended."""
        names = await self._ask("SMEMBERS", self._bus.channel("calls"))
        conversations = [Conversation(name.decode()) for name in sorted(names)]
        return [one for one in conversations if username in one.people]

    async def _ask(self, *command: str | bytes | int) -> Any:
        (reply,) = await self._bus.ask(command)
        return reply


def _encode(call: Call | None) -> bytes:
    return b"" if call is None else msgspec.json.encode(call)
