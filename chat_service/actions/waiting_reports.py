"""How many reports wait, for the metrics: looked at now and then, because any instance may change it."""

import asyncio

from chat_service import metrics
from chat_service.store.reports import Reports
from servicekit.database import DatabaseError
from servicekit.logs import get_logger

LOOK_INTERVAL_S = 10.0
log = get_logger(__name__)


async def watch_waiting_reports(store: Reports, interval_s: float = LOOK_INTERVAL_S) -> None:
    """Until cancelled."""
    while True:
        try:
            metrics.reports_waiting.set(await store.count_open())
        except DatabaseError as fault:
            log.warning("nobody knows how many reports wait", reason=str(fault))
        await asyncio.sleep(interval_s)
