"""Calls: ringing the other one of a conversation, answering, hanging up, and the line that is left of it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

from chat_service.actions.chat import Chat
from chat_service.actions.delivery import Delivery
from chat_service.actions.presence import Presence
from chat_service.domain import events
from chat_service.domain.calls import Call, CallRecord, Outcome
from chat_service.domain.changes import Entry
from chat_service.domain.commands import Answer, HangUp, Ring
from chat_service.domain.conversations import other_than
from chat_service.domain.refusals import CallsUnavailable, NoCall, RecipientOffline
from chat_service.switchboard import Switchboard
from servicekit.bus import BusUnavailable
from servicekit.logs import get_logger
from servicekit.problems import Refusal

KEEP_INTERVAL_S = 10.0
log = get_logger(__name__)


class Calls:
    """Events that are not kept tell of a call; the switchboard knows that it goes on, and the log that it was."""

    def __init__(
        self,
        *,
        chat: Chat,
        delivery: Delivery,
        presence: Presence,
        switchboard: Switchboard,
        clock: Callable[[], float],
        ring_s: float,
    ) -> None:
        self._chat = chat
        self._delivery = delivery
        self._presence = presence
        self._switchboard = switchboard
        self._clock = clock
        self._ring_s = ring_s
        self._has_redis = asyncio.Event()
        self._ringing: set[asyncio.Task[None]] = set()
        presence.on_gone(lambda username: self._spawn(self._hang_up_for(username)))

    async def obey(self, username: str, command: Ring | Answer | HangUp, conversation: str) -> None:
        """Raises NoCall, RecipientOffline, StreamTaken, TooManyMessages or CallsUnavailable."""
        self._chat.count(username)
        try:
            match command:
                case Ring(stream=stream):
                    await self._ring(username, conversation, stream)
                case Answer(stream=stream):
                    await self._answer(username, conversation, stream)
                case HangUp():
                    await self._hang_up(username, conversation)
        except BusUnavailable:
            raise CallsUnavailable from None

    async def _ring(self, username: str, conversation: str, stream: str) -> None:
        other = other_than(username, conversation)
        if not await self._presence.online([other]):
            self._write(conversation, username, CallRecord(outcome=Outcome.MISSED))
            raise RecipientOffline(other)
        ringing = Call(caller=username, rang_at=int(self._clock())).shown(username, stream)

        def ring(call: Call | None) -> Call:
            if call is None:
                return ringing
            if call.caller != username:  # both called at once
                return call.answered(username, stream, int(self._clock()))
            return call.shown(username, stream)

        was, call = await self._change(conversation, ring)
        if was is None:
            self._spawn(self._give_up(conversation, ringing))
        tell = events.answer if was is not None and was.answered_at is None and call.answered_at else events.ring
        self._delivery.tell_both(conversation, lambda label: tell(label, username, stream))

    async def _answer(self, username: str, conversation: str, stream: str) -> None:
        def answer(call: Call | None) -> Call:
            if call is None or call.caller == username:
                raise NoCall
            return call.answered(username, stream, int(self._clock()))

        await self._change(conversation, answer)
        self._delivery.tell_both(conversation, lambda label: events.answer(label, username, stream))

    async def _change(self, conversation: str, step: Callable[[Call | None], Call]) -> tuple[Call | None, Call]:
        """What the call was, and what `step` makes of it; again where the other one changed it meanwhile."""
        while True:
            was = await self._switchboard.find(conversation)
            call = step(was)
            if await self._switchboard.change(conversation, was, call):
                return was, call

    async def _hang_up(self, username: str, conversation: str) -> None:
        while (call := await self._switchboard.find(conversation)) is not None:
            if await self._switchboard.change(conversation, call, None):
                self._ended(username, conversation, call)
                return
        raise NoCall

    def _ended(self, username: str, conversation: str, call: Call) -> None:
        self._delivery.tell_both(conversation, lambda label: events.hang_up(label, username))
        self._write(conversation, call.caller, call.ended(username, int(self._clock())))

    async def _give_up(self, conversation: str, call: Call) -> None:
        """Nobody answered."""
        await asyncio.sleep(self._ring_s)
        with suppress(BusUnavailable):
            while (now := await self._switchboard.find(conversation)) is not None and now.is_same(call):
                if now.answered_at is not None:
                    return
                if await self._switchboard.change(conversation, now, None):
                    self._ended(call.caller, conversation, now)

    async def _hang_up_for(self, username: str) -> None:
        """They have no connection any more, and did not come back."""
        with suppress(BusUnavailable):
            for conversation in await self._switchboard.leave(username):
                with suppress(NoCall):  # it ended before
                    await self._hang_up(username, conversation)

    async def run(self) -> None:
        """Keep the calls that go on, until cancelled: where those in them are, and whatever Redis forgets."""
        while True:
            self._has_redis.clear()
            with suppress(BusUnavailable):
                await self._switchboard.keep(int(self._clock()))
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_INTERVAL_S):
                    await self._has_redis.wait()

    def on_connected(self) -> None:
        """Redis is back, perhaps without what it knew."""
        self._has_redis.set()

    def _write(self, conversation: str, caller: str, record: CallRecord) -> None:
        self._chat.submit_call(caller, _Nobody(), record, conversation)

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)

    async def close(self) -> None:
        """What rings, ends by itself."""
        for task in self._ringing:
            task.cancel()
        await asyncio.gather(*self._ringing, return_exceptions=True)


class _Nobody:
    """The asker of a line that nobody asked for."""

    def answered(self, entry: Entry | None) -> None:
        """Those in the conversation hear of it as of any message."""

    def refused(self, refusal: Refusal, nonce: str | None) -> None:
        log.warning("the line of a call was not kept", reason=str(refusal))

    def tell_refusal(self, refusal: Refusal, nonce: str | None) -> None:
        """That the reader is offline, say."""
