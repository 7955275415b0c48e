"""Erasing: what is left of a person who has erased their account goes, through the same log as everything else."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from chat_service.actions.delivery import Delivery
from chat_service.actions.rooms import Waiting
from chat_service.domain.changes import AnyDraft, Appended, ChangeDraft, Entry, Kind
from chat_service.domain.refusals import NotAMember, NotStored, UnknownMessage
from chat_service.store.erasures import SPAN, Erasures
from chat_service.writer import GroupWriter
from servicekit.logs import get_logger

PAUSE_S = 5.0  # before what failed is tried again
CHANGES_AT_ONCE_MAX = 20  # few enough that nobody's message waits for them
log = get_logger(__name__)


class Erasing:
    """Each step is harmless twice: every instance takes them, and after a death they are taken again from the first.

    First the person is out of everything, so that they can leave nothing new; then what they left is looked for.
    """

    def __init__(
        self,
        *,
        store: Erasures,
        writer: GroupWriter[AnyDraft, Appended],
        delivery: Delivery,
        forget: Callable[[], None],
        now: Callable[[], str],
        pause_s: float = PAUSE_S,
    ) -> None:
        self._store = store
        self._writer = writer
        self._delivery = delivery
        self._forget = forget
        self._now = now
        self._pause_s = pause_s
        self._has_work = asyncio.Event()

    def begin(self) -> None:
        """Somebody has erased their account."""
        self._has_work.set()

    async def run(self) -> None:
        """Carry erasures out until cancelled: those that an earlier process left, and then what comes."""
        while True:
            self._has_work.clear()
            pause_s = None if await self._try_to_erase() else self._pause_s
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):  # not wait_for: it may swallow a cancellation
                    await self._has_work.wait()

    async def _try_to_erase(self) -> bool:
        """Whether nothing is left to do."""
        try:
            while usernames := await self._store.list_open():
                self._forget()  # the log may remember conversations of theirs as open
                for username in usernames:
                    await self._erase(username)
        except NotStored:
            return False  # the writer has said why
        except Exception:  # of whatever kind: chat goes on, and so does this when it can
            log.exception("an account cannot be erased yet")
            return False
        return True

    async def _erase(self, username: str) -> None:
        change = partial(ChangeDraft, username=username, timestamp=self._now(), erases=True)
        rooms = await self._store.list_rooms(username)
        await self._carry_out([change(kind=Kind.LEFT, conversation=room, value=username) for room in rooms])
        # Also waits for the group that was being written when the log forgot: what they say after it is refused.
        await self._store.leave_direct(username)
        for after in range(0, await self._store.last_message_id(), SPAN):
            remains = await self._store.remains(username, after)
            deleted = [change(kind=Kind.DELETED, message_id=one) for one in remains.messages]
            taken_back = [
                change(kind=Kind.REACTION, message_id=one, value=emoji, removes=True)
                for one, emoji in remains.reactions
            ]
            await self._carry_out(deleted + taken_back)
            self._delivery.nudge(remains.ends)  # who stored a change before may have died before telling it
        await self._store.finish(username)
        log.info("account erased", username=username)

    async def _carry_out(self, drafts: Sequence[ChangeDraft]) -> None:
        """Store them in groups, each when the one before is told. Raises NotStored."""
        for first in range(0, len(drafts), CHANGES_AT_ONCE_MAX):
            waiting = [self._submit(draft) for draft in drafts[first : first + CHANGES_AT_ONCE_MAX]]
            for outcome in await asyncio.gather(*waiting, return_exceptions=True):
                # Another instance may have done it, or the room have been closed.
                if isinstance(outcome, BaseException) and not isinstance(outcome, UnknownMessage | NotAMember):
                    raise outcome

    def _submit(self, draft: ChangeDraft) -> "asyncio.Future[Entry | None]":
        waiting = Waiting()
        self._writer.submit((waiting, None), draft)
        return waiting.outcome
