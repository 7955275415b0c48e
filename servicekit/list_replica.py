"""List replicas: a service's copy of a numbered list of another one, kept current.

It is pulled at the start, when Redis tells of news, and every so often, so that lost news only makes it late.

Where a page comes from another store than those before, or from one that ends before what was taken of it, the peer has
forgotten: what it says now is about others of the same names (docs/decisions/0024-refusing-to-start.md). Who must be
sure of it asks to `confirm`; that takes a look after a start, and where somebody speaks of another store.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, NoReturn, Protocol

from servicekit.bus import Bus
from servicekit.database import DatabaseError
from servicekit.logs import get_logger
from servicekit.numbered_lists import PAGE_MAX, EntryT, Page
from servicekit.problems import NotStored, Unavailable

REMINDER_INTERVAL_S = 60.0
FIRST_PAUSE_S = 0.25  # until the peer is asked again that did not answer, and then twice as long each time
STARTING_S = 1.0  # a pause of less is no news: the peer may be starting, as we are
ACCEPTED = ""  # in place of a store's id: whoever answers next is copied, from the beginning
log = get_logger(__name__)


class PeerForgot(Unavailable, ConnectionError):
    """The list is not the one that was copied; nothing is done by it."""


class KnownStores(Protocol):
    """Which store has given which list so far; a `Database` keeps it."""

    async def known_store(self, name: str) -> str | None: ...
    async def put_known_store(self, name: str, store: str) -> None: ...


class ListReplica(Generic[EntryT]):
    """`list_after(number)` gives the next entries, at most PAGE_MAX, or raises ConnectionError; `take` keeps them.

    `position` is the number of the last one kept, `restart` makes it 0. After a kill the same entries may come again.
    """

    def __init__(
        self,
        *,
        name: str,
        known_stores: KnownStores,
        list_after: Callable[[int], Awaitable[Page[EntryT]]],
        position: Callable[[], Awaitable[int]],
        restart: Callable[[], Awaitable[None]],
        take: Callable[[Sequence[EntryT]], Awaitable[None]],
        interval_s: float = 10.0,
    ) -> None:
        self.name = name
        self._known_stores = known_stores
        self._restart = restart
        self._forgotten: PeerForgot | None = None
        self._forgotten_listeners: list[Callable[[], None]] = []
        self._is_compared = False  # since the start
        self._store = ""
        self._reminded_at_s = float("-inf")
        self._list_after = list_after
        self._position = position
        self._take = take
        self._interval_s = interval_s
        self._pulling: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def listen(self, bus: Bus, channel: str, *, on_news: Callable[[], None] | None = None) -> None:
        """Pull at once whenever there is news on the channel, or may have been while Redis was away.

        `on_news` is called as soon as there is some, before what it is about is known.
        """

        def on_payload(_: bytes) -> None:
            if on_news is not None:
                on_news()
            self.tell_of_news()

        bus.on_connected(self.tell_of_news)
        await bus.subscribe(channel, on_payload)

    def tell_of_news(self) -> None:
        """There are entries to pull."""
        self._news.set()

    def on_forgotten(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the peer turns out to have forgotten."""
        self._forgotten_listeners.append(listener)

    async def confirm(self, store: str = "") -> bool:
        """Make sure that the peer is the one whose list was copied; no I/O where that is known.

        False: it is, but has another `store` than it was said to have. Raises PeerForgot, or Unavailable where the peer
        does not answer.
        """
        if self._forgotten is None and not (self._is_compared and self._may_be(store)):
            try:
                await self.pull()
            except ConnectionError as error:
                if not isinstance(error, PeerForgot):
                    raise Unavailable(f"The list of {self.name} cannot be read: who is who is not certain.") from None
            except DatabaseError:
                pass  # it has been compared, or not, all the same
        self.check()
        return self._may_be(store)

    def check(self) -> None:
        """As `confirm`, from what is known; no I/O."""
        if self._forgotten is not None:
            raise PeerForgot(*self._forgotten.args)
        if not self._is_compared:
            raise Unavailable(f"The list of {self.name} has not been read yet: who is who is not certain.")

    def _may_be(self, store: str) -> bool:
        """Peers of earlier versions do not say which it is."""
        return not store or not self._store or store == self._store

    async def is_in_step(self) -> bool | str:
        return "forgotten" if self._forgotten is not None else True

    async def run(self) -> None:
        """Keep the copy current until cancelled."""
        first_pause_s = failure_pause_s = min(FIRST_PAUSE_S, self._interval_s)
        try:
            while True:
                self._news.clear()
                pause_s = self._interval_s
                try:
                    await self._try_to_pull()
                    failure_pause_s = first_pause_s
                except ConnectionError:
                    if failure_pause_s >= STARTING_S:
                        log.warning("a list cannot be followed", list=self.name)
                    pause_s, failure_pause_s = failure_pause_s, min(2 * failure_pause_s, self._interval_s)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):  # not wait_for: it may swallow a cancellation
                        await self._news.wait()
        finally:
            if self._pulling is not None:
                self._pulling.cancel()
                await asyncio.wait([self._pulling])

    async def pull(self) -> None:
        """Pull what is new; whoever asks meanwhile waits for a pull that began after they asked.

        Raises ConnectionError, as PeerForgot too, or DatabaseError.
        """
        if self._pulling is not None and not self._pulling.done():
            with suppress(ConnectionError, DatabaseError):
                await asyncio.shield(self._pulling)
        if self._pulling is None or self._pulling.done():
            self._pulling = asyncio.create_task(self._pull())
        await asyncio.shield(self._pulling)

    async def _try_to_pull(self) -> None:
        """Raises ConnectionError where the peer does not answer."""
        try:
            await self.pull()
        except PeerForgot as error:
            self._remind(error)
        except NotStored:
            pass  # the store has said why
        except DatabaseError:
            log.exception("what a list tells cannot be stored", list=self.name)

    def _remind(self, error: PeerForgot) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._reminded_at_s >= REMINDER_INTERVAL_S:
            self._reminded_at_s = now_s
            log.error(
                "a peer has forgotten",
                list=self.name,
                reason=str(error),
                way_out=f"restore its store; or take it as it is, by the command `accept {self.name}` of this service",
            )

    async def _pull(self) -> None:
        while True:
            position, known = await self._position(), await self._known_stores.known_store(self.name)
            if known == ACCEPTED and position:
                await self._restart()
                position = 0
            page = await self._list_after(position)
            self._compare(page, position, known)
            self._is_compared, self._store = True, page.store
            if page.store not in {known, ""}:
                await self._known_stores.put_known_store(self.name, page.store)
            if page.entries:
                await self._take(page.entries)
            if len(page.entries) < PAGE_MAX:
                return

    def _compare(self, page: Page[EntryT], position: int, known: str | None) -> None:
        """Who has taken nothing yet takes it from anybody; who did not note from whom, from whoever is as far."""
        if not page.store:
            return
        if position > page.last:
            self._forget(f"The list of {self.name} ends at {page.last}, and was followed to {position}.")
        elif position and known and known != page.store:
            self._forget(f"The list of {self.name} comes from another store than it was followed in.")
        else:
            self._forgotten = None

    def _forget(self, reason: str) -> NoReturn:
        is_new, self._forgotten = self._forgotten is None, PeerForgot(reason)
        if is_new:
            for listener in self._forgotten_listeners:
                listener()
        raise PeerForgot(reason)
