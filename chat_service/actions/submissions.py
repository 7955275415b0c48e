"""Submissions: the one entrance for everything that somebody wants to have stored."""

import asyncio
from collections.abc import Callable

from chat_service.actions.message_rates import MessageRates
from chat_service.actions.outcomes import OutcomeListener, PendingOutcome
from chat_service.domain.changes import Appended, Entry
from chat_service.domain.emoji import is_emoji
from chat_service.domain.intents import Draft, EditMessage, Intent, React, SendMessage, text_of
from chat_service.domain.markdown import NOTHING_RENDERED, Rendered, may_have_markup, render_with_names
from chat_service.domain.messages import check_text
from chat_service.domain.refusals import InvalidEmoji, TooManyMessages
from chat_service.group_writer import GroupWriter
from servicekit.times import rfc3339

RENDERED_AT_ONCE_LENGTH_MAX = 200


class Submissions:
    """Checks what can be told without the store, and queues it for the disk."""

    def __init__(
        self,
        *,
        writer: GroupWriter[OutcomeListener, Draft, Appended],
        message_length_max: int,
        rates: MessageRates,
        clock: Callable[[], float],
    ) -> None:
        self._writer = writer
        self.message_length_max = message_length_max
        self._rates = rates
        self._clock = clock

    def submit(self, author: str, intent: Intent, reply_to: OutcomeListener) -> None:
        """Queue what somebody asked for; `reply_to` learns of the outcome. Raises the ChatRefusal that is clear now."""
        self._check(intent)
        self.count(author)
        self.store(author, intent, reply_to, rendered=render_with_names(text_of(intent)))

    async def submit_any(self, author: str, intent: Intent, reply_to: OutcomeListener) -> None:
        """The same, also where it `takes_a_while`: what they ask for next is not to overtake it."""
        if not takes_a_while(text_of(intent)):
            self.submit(author, intent, reply_to)
            return
        self._check(intent)
        self.count(author)
        rendered = await asyncio.to_thread(render_with_names, text_of(intent))
        self.store(author, intent, reply_to, rendered=rendered)

    async def submit_and_wait(self, author: str, intent: Intent) -> Entry | None:
        """The entry, on disk; None where there was nothing to change. Raises a ChatRefusal."""
        pending = PendingOutcome()
        await self.submit_any(author, intent, pending)
        return await pending.entry

    def count(self, author: str) -> None:
        """One more command of theirs. Raises TooManyMessages."""
        if not self._rates.take(author):
            raise TooManyMessages(self._rates.per_second)

    def store(
        self,
        author: str,
        intent: Intent,
        reply_to: OutcomeListener,
        *,
        erases: bool = False,
        rendered: Rendered = NOTHING_RENDERED,
    ) -> None:
        """The same for what has been checked, counted and rendered, or is our own doing."""
        self._writer.submit(reply_to, Draft(intent, author, rfc3339(self._clock()), erases, *rendered))

    async def store_and_wait(self, author: str, intent: Intent, *, erases: bool = False) -> None:
        """Raises a ChatRefusal."""
        pending = PendingOutcome()
        self.store(author, intent, pending, erases=erases)
        await pending.entry

    def _check(self, intent: Intent) -> None:
        match intent:
            case SendMessage(text=text, attachments=attachments):
                check_text(text, length_max=self.message_length_max, may_be_empty=bool(attachments))
            case EditMessage(text=text):
                check_text(text, length_max=self.message_length_max)
            case React(emoji=emoji):
                if not is_emoji(emoji):
                    raise InvalidEmoji


def takes_a_while(text: str) -> bool:
    """So long to render that nobody else is to wait for it: it goes to a thread."""
    return len(text) > RENDERED_AT_ONCE_LENGTH_MAX and may_have_markup(text)
