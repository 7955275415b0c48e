"""What was changed beside the running service, by `admin` say, is told by whoever runs."""

import asyncio

from auth_service.actions.reminder import Reminder
from auth_service.store import OutsideWritesStore
from servicekit.database import DatabaseError
from servicekit.logs import get_logger

LOOK_INTERVAL_S = 0.2  # others have to know within 250 ms
log = get_logger(__name__)


class OutsideWrites:
    """Looks again and again whether somebody else has written. Every instance does: to tell twice is harmless."""

    def __init__(self, *, store: OutsideWritesStore, reminder: Reminder) -> None:
        self._store = store
        self._reminder = reminder

    async def run(self) -> None:
        known, can_look = None, True
        while True:
            try:
                number = await self._store.get()
                if known not in {None, number}:
                    await self._reminder.remind()
                known, can_look = number, True
            except DatabaseError as fault:
                if can_look:
                    log.warning("what others change is not seen", reason=str(fault))
                can_look = False
            await asyncio.sleep(LOOK_INTERVAL_S)
