"""The publisher: brings what is stored to the feed, and replies to those who asked for it."""

from collections.abc import Callable, Sequence

from chat_service.actions.local_readers import LocalReaders
from chat_service.actions.nudges import Nudges
from chat_service.actions.outcomes import OutcomeListener
from chat_service.domain.changes import Appended, Change, Entry, Kind
from chat_service.domain.deliveries import Delivery, DirectDelivery, delivery_of, unmarked
from chat_service.domain.messages import StoredMessage
from chat_service.domain.places import Head
from chat_service.domain.refusals import RecipientOffline
from chat_service.feed import Feed
from servicekit.bus import BusUnavailable
from servicekit.problems import Refusal
from servicekit.tasks import Tasks

_HIDING_FILES = frozenset({Kind.DELETED, Kind.LEFT, Kind.CLOSED})


class Publisher:
    def __init__(self, *, feed: Feed, nudges: Nudges, readers: LocalReaders, on_told: Callable[[Entry], None]) -> None:
        """`on_told` hears of each entry that is new, when its people have been told and its author has a reply."""
        self._feed = feed
        self._nudges = nudges
        self._readers = readers
        self._on_told = on_told
        self._tasks = Tasks()

    def stored(self, outcomes: Sequence[tuple[OutcomeListener, Appended | Refusal]]) -> None:
        """A group is on disk: publish what is new, in the order of the log, and reply for the rest."""
        fresh: list[tuple[OutcomeListener, Entry]] = []
        for reply_to, outcome in outcomes:
            if isinstance(outcome, Refusal):
                reply_to.refused(outcome)
            elif outcome.is_new and outcome.entry is not None:
                fresh.append((reply_to, outcome.entry))
            else:
                self._reply_for_old(reply_to, outcome)
        if any(isinstance(outcome, Appended) and outcome.is_act for _, outcome in outcomes):
            self._feed.tell_of_acts()
        if fresh:
            deliveries = [self._deliver_at_once(entry) for _, entry in fresh]
            self._tasks.start(self._publish_and_reply(fresh, deliveries))

    def _reply_for_old(self, reply_to: OutcomeListener, outcome: Appended) -> None:
        """And nudge: who stored it then may have died before publishing it."""
        if isinstance(outcome.entry, StoredMessage):
            reply_to.repeated(outcome.entry)
            self._nudges.tell([(outcome.entry.conversation, Head(outcome.entry.seq, outcome.entry.epoch))])
        else:
            reply_to.stored(None)
            if outcome.changed_before is not None:
                self._nudges.tell([outcome.changed_before])
            if outcome.unmarked is not None:
                self._feed.tell([unmarked(*outcome.unmarked)])

    async def _publish_and_reply(
        self, fresh: Sequence[tuple[OutcomeListener, Entry]], deliveries: Sequence[Delivery]
    ) -> None:
        """`sent` comes to all the sender's devices through their channel; here is only what the asking one learns."""
        delivered = await self._publish(deliveries)
        if any(isinstance(entry, Change) and entry.kind in _HIDING_FILES for _, entry in fresh):
            self._feed.tell_of_hidden_files()
        for (reply_to, entry), is_delivered in zip(fresh, delivered, strict=True):
            reply_to.stored(entry)
            if is_delivered is False and isinstance(entry, StoredMessage):
                reply_to.noted(RecipientOffline(entry.receiver_username or ""))
        for _, entry in fresh:
            self._on_told(entry)

    async def _publish(self, deliveries: Sequence[Delivery]) -> list[bool | None]:
        """Publish them; for each 1:1 message, whether its reader is connected. None: unknown."""
        try:
            delivered = await self._feed.deliver(deliveries)
        except BusUnavailable:
            delivered = [None] * len(deliveries)
        if None in delivered:
            self._without_redis([one for one, known in zip(deliveries, delivered, strict=True) if known is None])
        return delivered

    def _deliver_at_once(self, entry: Entry) -> Delivery:
        """Between two people, readers on this instance wait for no round trip; what the bus brings here they have.

        Rooms come in the order of the bus: many write there on several instances, and each overtaking would be a gap.
        """
        delivery = delivery_of(entry)
        if entry.conversation.is_room:
            return delivery
        if isinstance(delivery, DirectDelivery):
            if not self._readers.are_connected(delivery.to_reader.channel):
                return delivery  # perhaps elsewhere, which Redis knows, and `sent` tells
            delivery = delivery.delivered()
        for envelope in delivery.envelopes:
            self._readers.receive(envelope)
        return delivery

    def _without_redis(self, deliveries: Sequence[Delivery]) -> None:
        """Readers on this instance get it now, the others when Redis is back."""
        for delivery in deliveries:
            for envelope in delivery.envelopes:
                self._readers.receive(envelope)
                self._nudges.owe(envelope)
        self._nudges.send()

    async def close(self) -> None:
        """What is on disk is told and replied to; the bus gives up after a while by itself."""
        await self._tasks.finish()
