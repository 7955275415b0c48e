"""Erasing: what is left of a person who has erased their account goes, through the same log as everything else.

So do the messages of somebody of whom the auth service has ordered it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from chat_service.actions.nudges import Nudges
from chat_service.actions.submissions import Submissions
from chat_service.domain.intents import DeleteMessage, Intent, Leave, React
from chat_service.domain.refusals import NotAMember, NotStored, UnknownMessage
from chat_service.peers import ERASE_MESSAGES, Order, Peers
from chat_service.store.erasures import OPEN_LISTED_MAX, SPAN, Erasures, Ordered, Remains
from servicekit.list_replica import KnownStores, ListReplica
from servicekit.logs import get_logger
from servicekit.times import rfc3339

PAUSE_S = 5.0  # before what failed is tried again
# What was said before an order may still be on its way to the disk, or be stamped by another clock.
SETTLING_S = 5.0
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
        submissions: Submissions,
        nudges: Nudges,
        forget: Callable[[], None],
        clock: Callable[[], float],
        pause_s: float = PAUSE_S,
    ) -> None:
        self._store = store
        self._submissions = submissions
        self._nudges = nudges
        self._forget = forget
        self._clock = clock
        self._pause_s = pause_s
        self._has_work = asyncio.Event()

    def begin(self) -> None:
        """Somebody has erased their account."""
        self._has_work.set()

    def follow_orders(self, peers: Peers, known_stores: KnownStores) -> ListReplica[Order]:
        """Messages go where the auth service orders it; what follows a ban does not end with it."""

        async def take(orders: Sequence[Order]) -> None:
            ordered = [Ordered(one.number, one.username, one.until) for one in orders if one.kind == ERASE_MESSAGES]
            await self._store.order(ordered, orders[-1].number)
            if ordered:
                self.begin()

        return ListReplica(
            name="orders",
            known_stores=known_stores,
            list_after=peers.orders_after,
            position=self._store.orders_followed,
            restart=self._store.follow_orders_anew,
            take=take,
        )

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
            return await self._carry_out_orders()
        except NotStored:
            return False  # the writer has said why
        except Exception:  # of whatever kind: chat goes on, and so does this when it can
            log.exception("an account cannot be erased yet")
            return False

    async def _carry_out_orders(self) -> bool:
        """Take away what people said up to some time. Whether all that could still come of it has come."""
        ordered = await self._store.list_ordered()
        settled = rfc3339(self._clock() - SETTLING_S)
        for order in ordered:
            for after in range(0, await self._store.last_message_id(), SPAN):
                remains = await self._store.messages_until(order.username, after, order.until)
                await self._erase_among(order.username, remains)
            if order.until <= settled:
                await self._store.finish_ordered(order.number)
                log.info("messages erased", username=order.username, until=order.until)
        return all(order.until <= settled for order in ordered) and len(ordered) < OPEN_LISTED_MAX

    async def _erase(self, username: str) -> None:
        rooms = await self._store.list_rooms(username)
        await self._carry_out(username, [Leave(conversation=room, username=username) for room in rooms])
        # Also waits for the group that was being written when the log forgot: what they say after it is refused.
        await self._store.leave_direct(username)
        for after in range(0, await self._store.last_message_id(), SPAN):
            await self._erase_among(username, await self._store.remains(username, after))
        await self._store.finish(username)
        log.info("account erased", username=username)

    async def _erase_among(self, username: str, remains: Remains) -> None:
        deletions = [DeleteMessage(message_id=message_id) for message_id in remains.messages]
        reactions = [React(message_id=message_id, emoji=emoji, removes=True) for message_id, emoji in remains.reactions]
        await self._carry_out(username, [*deletions, *reactions])
        self._nudges.tell(remains.ends)  # who stored a change before may have died before telling it

    async def _carry_out(self, username: str, intents: Sequence[Intent]) -> None:
        """Store them in groups, each when the one before is told. Raises NotStored."""
        for first in range(0, len(intents), CHANGES_AT_ONCE_MAX):
            waiting = [
                self._submissions.store_and_wait(username, intent, erases=True)
                for intent in intents[first : first + CHANGES_AT_ONCE_MAX]
            ]
            for outcome in await asyncio.gather(*waiting, return_exceptions=True):
                # Another instance may have done it, or the room have been closed.
                if isinstance(outcome, BaseException) and not isinstance(outcome, UnknownMessage | NotAMember):
                    raise outcome
