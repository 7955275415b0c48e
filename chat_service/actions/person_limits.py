"""Person limits: how much one person may have and do at once, over all instances of chat."""

import asyncio
from collections.abc import Callable

from chat_service.actions.message_rates import MessageRates
from chat_service.domain.rates import DRAFTS_BURST_S, Rates
from chat_service.domain.refusals import TooManyConnections
from servicekit.bus import Bus
from servicekit.connection_counts import ConnectionCounts
from servicekit.hourly_rates import HourlyRate

DRAFTS_CHANNEL = "passed-drafts"


class PersonLimits:
    """Redis knows what was counted where. While it is away each instance counts for itself."""

    def __init__(
        self,
        rates: Rates,
        *,
        bus: Bus,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        lease_s: float,
    ) -> None:
        self.connections = ConnectionCounts(
            bus=bus,
            service="chat",
            per_person_max=rates.connections_per_person,
            refusal=TooManyConnections,
            lease_s=lease_s,
        )
        self.messages = MessageRates(
            bus=bus, per_second=rates.messages_per_second, burst=rates.messages_burst, monotonic=monotonic
        )
        self.drafts = MessageRates(
            bus=bus,
            per_second=rates.drafts_per_second,
            burst=DRAFTS_BURST_S * rates.drafts_per_second,
            monotonic=monotonic,
            channel=DRAFTS_CHANNEL,
        )
        self.invitations, self.taken_names = [
            HourlyRate(what, count, bus=bus, clock=clock, monotonic=monotonic)
            for what, count in (("invitations", rates.invitations_per_hour), ("names", rates.taken_names_per_hour))
        ]

    async def run(self) -> None:
        """Tell the other instances, and be told, until cancelled."""
        await asyncio.gather(self.messages.listen(), self.drafts.listen(), self.connections.run())

    async def close(self) -> None:
        self.connections.close()
        self.messages.close()
        self.drafts.close()
