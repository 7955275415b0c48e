"""Cleaning up after closed rooms: their messages go, in small batches."""

import asyncio
from collections.abc import Callable

from chat_service.store.closed_rooms import ClosedRooms
from servicekit.logs import get_logger
from servicekit.problems import NotStored

PAUSE_S = 1.0
_BREATH_S = 0.01
log = get_logger(__name__)


class ClosedRoomCleanup:
    """Each step is a transaction of its own: every instance takes them, and after a death they go on."""

    def __init__(self, *, store: ClosedRooms, on_orphaned: Callable[[], None], pause_s: float = PAUSE_S) -> None:
        self._store = store
        self._on_orphaned = on_orphaned
        self._pause_s = pause_s

    async def run(self) -> None:
        """Clear what is left to be, slowly enough that nobody's message waits for it, until cancelled."""
        while True:
            has_more = False
            try:
                has_more = await self._store.clear_some()
                if has_more:
                    self._on_orphaned()
            except NotStored:
                pass  # the store has said why, and nobody sees what stays
            except Exception:  # of whatever kind: it goes on when it can
                log.exception("a closed room cannot be cleared")
            await asyncio.sleep(_BREATH_S if has_more else self._pause_s)
