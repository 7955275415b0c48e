"""Arrivals: who came by an invitation to a room is brought into it, once."""

import asyncio
from contextlib import suppress

from chat_service.actions.rooms import Rooms
from chat_service.domain.refusals import ChatRefusal, DirectoryUnavailable, NotStored
from chat_service.store.arrivals import Arrival
from chat_service.store.arrivals import Arrivals as ArrivalStore
from servicekit.logs import get_logger

PAUSE_S = 5.0  # before what failed is tried again
log = get_logger(__name__)


class Arrivals:
    """Every instance takes all steps, which are harmless twice: to bring somebody in is one step of the store."""

    def __init__(self, *, store: ArrivalStore, rooms: Rooms, pause_s: float = PAUSE_S) -> None:
        self._store = store
        self._rooms = rooms
        self._pause_s = pause_s
        self._has_work = asyncio.Event()

    def begin(self) -> None:
        """Somebody has come."""
        self._has_work.set()

    async def run(self) -> None:
        """Bring in who is not yet, until cancelled."""
        while True:
            self._has_work.clear()
            pause_s = None if await self._try_to_bring_in() else self._pause_s
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._has_work.wait()

    async def _try_to_bring_in(self) -> bool:
        """Whether nobody is left."""
        try:
            while arrivals := await self._store.list_open():
                for arrival in arrivals:
                    await self._bring_in(arrival)
        except (NotStored, DirectoryUnavailable):
            return False
        except Exception:  # of whatever kind: chat goes on, and so does this when it can
            log.exception("who was invited to a room cannot join yet")
            return False
        return True

    async def _bring_in(self, arrival: Arrival) -> None:
        try:
            await self._rooms.bring_in(arrival.username, arrival.room, arrival.inviter)
        except (NotStored, DirectoryUnavailable):
            raise
        except ChatRefusal as refusal:  # the room is full or gone, or the inviter may invite no longer
            log.info("invited in vain", username=arrival.username, reason=str(refusal))
        await self._store.finish(arrival.username)
