"""Nudges: letting people look into the store, now or when Redis is back."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import Envelope, RoomEnvelope, nudges
from chat_service.domain.places import Head
from chat_service.feed import Feed
from servicekit.bus import BusUnavailable
from servicekit.tasks import Tasks


class Nudges:
    """Keeps what Redis has not confirmed until it has: for each channel, conversation and epoch the last `seq`."""

    def __init__(self, *, feed: Feed, deliver_here: Callable[[Envelope], None]) -> None:
        self._feed = feed
        self._deliver_here = deliver_here
        self._owed: dict[tuple[str, Label, str], Envelope] = {}
        self._tasks = Tasks()
        feed.on_connected(self.send)

    def tell(self, ends: Iterable[tuple[Conversation, Head]]) -> None:
        """Let everybody in these conversations look whether they have all up to the end."""
        for conversation, end in ends:
            for nudge in nudges(conversation, seq=end.seq, epoch=end.epoch):
                if not self._feed.is_connected:
                    self._deliver_here(nudge)
                self.owe(nudge)
        self.send()

    def owe(self, envelope: Envelope) -> None:
        """Redis did not take it: a nudge takes its place when it is back."""
        nudge: Envelope
        if isinstance(envelope, RoomEnvelope):
            nudge = RoomEnvelope(channel=envelope.channel, label=envelope.label, seq=envelope.seq, epoch=envelope.epoch)
            key = (nudge.channel, nudge.label, nudge.epoch)
        else:
            nudge = Envelope(channel=envelope.channel, label=envelope.label, seq=envelope.seq)
            key = (nudge.channel, nudge.label, "")
        if (owed := self._owed.get(key)) is None or owed.seq < nudge.seq:
            self._owed[key] = nudge

    def send(self) -> None:
        self._tasks.start(self._send())

    async def _send(self) -> None:
        """What Redis does not confirm waits for its next return."""
        owed = dict(self._owed)
        with suppress(BusUnavailable):
            await self._feed.tell_surely(list(owed.values()))
            self._owed = {key: nudge for key, nudge in self._owed.items() if owed.get(key) is not nudge}

    async def close(self) -> None:
        await self._tasks.close()
