"""Housekeeping: what the service does by itself, so that nothing half is left and nothing gone takes room."""

import asyncio
from collections.abc import Callable
from time import monotonic

from media_service.actions.link_cards import LinkCards
from media_service.actions.resumable_uploads import CHECK_S, LIFETIME_S, ResumableUploads
from media_service.store import BlobStore
from servicekit.logs import get_logger
from servicekit.problems import NotStored

PAUSE_S = 5.0
_TIME_SHARE_MAX = 0.25  # a step takes milliseconds, and uploads wait for the one writer meanwhile
log = get_logger(__name__)


class Housekeeping:
    def __init__(
        self,
        *,
        blobs: BlobStore,
        link_cards: LinkCards,
        resumable_uploads: ResumableUploads,
        clock: Callable[[], float],
        pause_s: float = PAUSE_S,
    ) -> None:
        self._blobs = blobs
        self._link_cards = link_cards
        self._resumable_uploads = resumable_uploads
        self._clock = clock
        self._pause_s = pause_s
        self._ended_at_s = float("-inf")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            has_more, began_s = False, monotonic()
            try:
                has_more = await self._step()
            except NotStored:
                pass  # the store has said why
            except Exception:  # of whatever kind: it goes on when it can
                log.exception("the store cannot be tidied up")
            took_s = monotonic() - began_s
            await asyncio.sleep(took_s / _TIME_SHARE_MAX - took_s if has_more else self._pause_s)

    async def _step(self) -> bool:
        """Whether there may be more to do at once."""
        if monotonic() - self._ended_at_s >= CHECK_S:
            self._ended_at_s = monotonic()
            await self._resumable_uploads.go_on()
            await self._blobs.drop_old(self._clock() - LIFETIME_S)
            await self._link_cards.drop_old()
        return await self._blobs.delete_some_pieces() or await self._blobs.move_piece()
