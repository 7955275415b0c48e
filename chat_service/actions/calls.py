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
        self._ringing: set[asyncio.Task[None]] = set()
        presence.on_gone(lambda username: self._spawn(self._hang_up_for(username)))

    async def obey(self, username: str, command: Ring | Answer | HangUp, conversation: str) -> None:
        """Raises NoCall, RecipientOffline, TooManyMessages or CallsUnavailable."""
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
        call = Call(caller=username, rang_at=int(self._clock()))
        if not await self._presence.online([other]):
            self._write(conversation, call.caller, CallRecord(outcome=Outcome.MISSED))
            raise RecipientOffline(other)
        if (going_on := await self._switchboard.ring(conversation, call)) is None:
            self._spawn(self._give_up(conversation, call))
        elif going_on.caller != username and going_on.answered_at is None:
            await self._answer(username, conversation, stream)  # both called at once
            return
        await self._switchboard.take_part(username, conversation)
        self._delivery.tell_both(conversation, lambda label: events.ring(label, username, stream))

    async def _answer(self, username: str, conversation: str, stream: str) -> None:
        call = await self._switchboard.find(conversation)
        if call is None or call.caller == username:
            raise NoCall
        if call.answered_at is None:
            answered = Call(caller=call.caller, rang_at=call.rang_at, answered_at=int(self._clock()))
            if not await self._switchboard.answer(conversation, call, answered):
                raise NoCall
        await self._switchboard.take_part(username, conversation)
        self._delivery.tell_both(conversation, lambda label: events.answer(label, username, stream))

    async def _hang_up(self, username: str, conversation: str) -> None:
        call = await self._switchboard.find(conversation)
        if call is None or not await self._switchboard.end(conversation, call):
            raise NoCall
        self._ended(username, conversation, call)

    def _ended(self, username: str, conversation: str, call: Call) -> None:
        self._delivery.tell_both(conversation, lambda label: events.hang_up(label, username))
        self._write(conversation, call.caller, call.ended(username, int(self._clock())))

    async def _give_up(self, conversation: str, call: Call) -> None:
        """Nobody answered."""
        await asyncio.sleep(self._ring_s)
        with suppress(BusUnavailable):
            if await self._switchboard.end(conversation, call):
                self._ended(call.caller, conversation, call)

    async def _hang_up_for(self, username: str) -> None:
        """They have no connection any more, and did not come back."""
        with suppress(BusUnavailable):
            for conversation in await self._switchboard.leave(username):
                with suppress(NoCall):  # it ended before
                    await self._hang_up(username, conversation)

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
