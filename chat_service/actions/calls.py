"""Calls: ringing the other one of a conversation, answering, hanging up, and the line that is left of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chat_service.actions.presence import Presence
from chat_service.actions.submissions import Submissions
from chat_service.call_registry import CallRegistry
from chat_service.domain import events
from chat_service.domain.calls import Call, CallRecord, Outcome
from chat_service.domain.changes import Entry
from chat_service.domain.commands import Answer, HangUp, Ring
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import Envelope, to_person
from chat_service.domain.intents import SendMessage
from chat_service.domain.messages import StoredMessage
from chat_service.domain.refusals import CallsUnavailable, NoCall, RecipientOffline
from chat_service.feed import Feed
from servicekit.bus import BusUnavailable
from servicekit.logs import get_logger
from servicekit.problems import Refusal
from servicekit.tasks import Tasks

KEEP_INTERVAL_S = 10.0
log = get_logger(__name__)


class Calls:
    """Events that are not kept tell of a call; the registry knows that it goes on, and the log that it was."""

    def __init__(
        self,
        *,
        submissions: Submissions,
        feed: Feed,
        presence: Presence,
        registry: CallRegistry,
        clock: Callable[[], float],
        ring_s: float,
        check_accepts: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """`check_accepts(caller, other)` raises NotAccepted."""
        self._submissions = submissions
        self._feed = feed
        self._registry = registry
        self._clock = clock
        self._ring_s = ring_s
        self._check_accepts = check_accepts
        self._has_redis = asyncio.Event()
        self._tasks = Tasks()
        presence.on_gone(self._on_gone)

    async def obey(self, username: str, command: Ring | Answer | HangUp, conversation: Conversation) -> None:
        """Raises NoCall, NotAccepted, RecipientOffline, StreamTaken, TooManyMessages or CallsUnavailable."""
        self._submissions.count(username)
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

    async def _ring(self, username: str, conversation: Conversation, stream: str) -> None:
        other = conversation.other_than(username)
        await self._check_accepts(username, other)
        if not await self._feed.online([other]):
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
            self._tasks.start(self._give_up(conversation, ringing))
        tell = events.answer if was is not None and was.answered_at is None and call.answered_at else events.ring
        self._tell_both(conversation, lambda label: tell(label, username, stream))

    async def _answer(self, username: str, conversation: Conversation, stream: str) -> None:
        def answer(call: Call | None) -> Call:
            if call is None or call.caller == username:
                raise NoCall
            return call.answered(username, stream, int(self._clock()))

        await self._change(conversation, answer)
        self._tell_both(conversation, lambda label: events.answer(label, username, stream))

    async def _change(
        self, conversation: Conversation, step: Callable[[Call | None], Call]
    ) -> tuple[Call | None, Call]:
        """What the call was, and what `step` makes of it; again where the other one changed it meanwhile."""
        while True:
            was = await self._registry.find(conversation)
            call = step(was)
            if await self._registry.change(conversation, was, call):
                return was, call

    async def _hang_up(self, username: str, conversation: Conversation) -> None:
        while (call := await self._registry.find(conversation)) is not None:
            if await self._registry.change(conversation, call, None):
                await self._ended(username, conversation, call)
                return
        raise NoCall

    async def _ended(self, username: str, conversation: Conversation, call: Call) -> None:
        """Told first, and surely: the line about it does not wait for the bus everywhere, and could overtake it."""
        ended = call.ended(username, int(self._clock()))
        try:
            with suppress(BusUnavailable):
                await self._feed.tell_surely(_for_both(conversation, lambda label: events.hang_up(label, username)))
        finally:
            self._write(conversation, call.caller, ended)

    async def _give_up(self, conversation: Conversation, call: Call) -> None:
        """Nobody answered."""
        await asyncio.sleep(self._ring_s)
        with suppress(BusUnavailable):
            while (now := await self._registry.find(conversation)) is not None and now.is_same(call):
                if now.answered_at is not None:
                    return
                if await self._registry.change(conversation, now, None):
                    await self._ended(call.caller, conversation, now)

    async def end_between(self, username: str, conversation: Conversation) -> None:
        """Whatever call there is, by `username`."""
        with suppress(BusUnavailable, NoCall):
            await self._hang_up(username, conversation)

    def end_all_of(self, username: str) -> None:
        """All that the person is in, or is rung for."""
        self._tasks.start(self._end_all_of(username))

    async def _end_all_of(self, username: str) -> None:
        with suppress(BusUnavailable):
            for conversation in await self._registry.all_with(username):
                with suppress(NoCall):  # it ended before
                    await self._hang_up(username, conversation)

    def _on_gone(self, username: str) -> None:
        self._tasks.start(self._hang_up_for(username))

    async def _hang_up_for(self, username: str) -> None:
        """They have no connection any more, and did not come back."""
        with suppress(BusUnavailable):
            for conversation in await self._registry.leave(username):
                with suppress(NoCall):  # it ended before
                    await self._hang_up(username, conversation)

    async def run(self) -> None:
        """Keep the calls that go on, until cancelled: where those in them are, and whatever Redis forgets."""
        while True:
            self._has_redis.clear()
            with suppress(BusUnavailable):
                await self._registry.keep(int(self._clock()))
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_INTERVAL_S):
                    await self._has_redis.wait()

    def on_connected(self) -> None:
        """Redis is back, perhaps without what it knew."""
        self._has_redis.set()

    def _tell_both(self, conversation: Conversation, event_for: Callable[[Label], bytes]) -> None:
        self._feed.tell(_for_both(conversation, event_for))

    def _write(self, conversation: Conversation, caller: str, record: CallRecord) -> None:
        line = SendMessage(conversation=conversation, text=record.text, call=record)
        self._submissions.store(caller, line, _CallRecordOutcome())

    async def close(self) -> None:
        """What rings, ends by itself."""
        await self._tasks.close()


def _for_both(conversation: Conversation, event_for: Callable[[Label], bytes]) -> list[Envelope]:
    """Each with their label for it."""
    labels = [(username, conversation.label_for(username)) for username in conversation.people]
    return [to_person(username, label, event=event_for(label)) for username, label in labels]


class _CallRecordOutcome:
    """For a line that nobody asked for: those in the conversation hear of it as of any message."""

    def stored(self, entry: Entry | None) -> None:
        """As it should be."""

    def repeated(self, message: StoredMessage) -> None:
        """It has no nonce."""

    def refused(self, refusal: Refusal) -> None:
        log.warning("the line of a call was not kept", reason=str(refusal))

    def noted(self, refusal: Refusal) -> None:
        """That the reader is offline, say."""
