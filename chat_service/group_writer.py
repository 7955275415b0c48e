"""The group writer: stores what queued until its turn to write came, so that the disk is paid once a group."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from servicekit.database import Connection, Database, DatabaseError
from servicekit.logs import get_logger
from servicekit.problems import NotStored, Refusal

OriginT = TypeVar("OriginT")
DraftT = TypeVar("DraftT", contravariant=True)
ResultT = TypeVar("ResultT", covariant=True)
log = get_logger(__name__)


class AppendOnly(Protocol[DraftT, ResultT]):
    """What the writer needs of a log: to store a group in the transaction that it is given."""

    def append_group(self, connection: Connection, drafts: Sequence[DraftT], /) -> Sequence[ResultT | Refusal]: ...
    def forget(self) -> None: ...


class GroupWriter(Generic[OriginT, DraftT, ResultT]):
    """Stores drafts in the order of `submit`.

    An outcome is what the log made of the draft, the Refusal that it raised, or `failure` when the disk refused the
    group: then nothing of it is stored.
    """

    def __init__(
        self,
        *,
        database: Database,
        log: AppendOnly[DraftT, ResultT],
        failure: Refusal,
        group_max: int = 256,
    ) -> None:
        self._database = database
        self._log = log
        self._failure = failure
        self._group_max = group_max
        self._queue: deque[tuple[OriginT, DraftT]] = deque()  # also taken from in a thread of the database
        self._has_work = asyncio.Event()
        self._fault: Exception | None = None  # of who was told

    def submit(self, origin: OriginT, draft: DraftT) -> None:
        """Queue `draft`; `origin` comes back with its outcome."""
        self._queue.append((origin, draft))
        self._has_work.set()

    async def run(self, on_stored: Callable[[Sequence[tuple[OriginT, ResultT | Refusal]]], None]) -> None:
        """Write until cancelled, and call `on_stored` with each group soon after its commit, in order.

        A group that is cancelled is committed or not, but never half. Raises what `on_stored` raises.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while self._queue and self._fault is None:
                group: list[tuple[OriginT, DraftT]] = []
                outcomes = await self._store(self._filled(group), takes_more=True)
                # The next group goes to the disk first: this one is announced while the disk works.
                loop.call_soon(self._announce, on_stored, outcomes)
            if self._fault is not None:
                raise self._fault

    def _announce(
        self,
        on_stored: Callable[[Sequence[tuple[OriginT, ResultT | Refusal]]], None],
        outcomes: Sequence[tuple[OriginT, ResultT | Refusal]],
    ) -> None:
        try:
            on_stored(outcomes)
        except Exception as fault:  # noqa: BLE001 - `run` raises it
            self._fault = fault
            self._has_work.set()

    def _filled(self, group: list[tuple[OriginT, DraftT]]) -> list[tuple[OriginT, DraftT]]:
        while self._queue and len(group) < self._group_max:
            group.append(self._queue.popleft())
        return group

    async def _store(
        self, group: list[tuple[OriginT, DraftT]], *, takes_more: bool = False
    ) -> Sequence[tuple[OriginT, ResultT | Refusal]]:
        """`takes_more`: with what queues until others let go of the store. So groups grow where many write."""

        def append(connection: Connection) -> Sequence[ResultT | Refusal]:
            drafts = [draft for _, draft in (self._filled(group) if takes_more else group)]
            return self._log.append_group(connection, drafts)

        try:
            outcomes = await self._database.write_many(append)
            return [(origin, outcome) for (origin, _), outcome in zip(group, outcomes, strict=True)]
        except NotStored:  # which has been told of
            self._log.forget()
            return [(origin, self._failure) for origin, _ in group]
        except Exception as error:  # of whatever kind: nothing that one group holds may end the writer
            self._log.forget()
            log.exception("a group could not be stored", size=len(group))
            if isinstance(error, DatabaseError) or len(group) == 1:
                return [(origin, self._failure) for origin, _ in group]
        # A fault of ours, with one of them: the others are not to suffer for it.
        return [outcome for one in group for outcome in await self._store([one])]
