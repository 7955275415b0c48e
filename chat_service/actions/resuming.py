"""Resuming: one connection that was away gets what it missed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from chat_service.domain import events
from chat_service.domain.changes import Entry
from chat_service.domain.commands import Resume
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.messages import StoredMessage
from chat_service.domain.places import Head, Place, gap_of
from chat_service.domain.readers import Connection, Reader
from chat_service.store.conversations import Conversations


class PacedConnection(Connection, Protocol):
    """A connection that can be held while it is brought up to date; `starts` is from where events come to it live."""

    starts: dict[Label, Place]

    @property
    def is_open(self) -> bool: ...

    def replay_event(self, label: Label | None, event: EncodedEvent) -> None:
        """Send it before what is held."""

    async def drained(self) -> None: ...


class Resuming:
    def __init__(
        self,
        *,
        store: Conversations,
        nudge: Callable[[Iterable[tuple[Conversation, Head]]], None],
        events_max: int,
    ) -> None:
        """`nudge` lets everybody in a conversation look whether they have all up to its end."""
        self._store = store
        self._nudge = nudge
        self._events_max = events_max

    async def starts(
        self, reader: Reader, positions: Mapping[Label, int], places: Mapping[Label, Place]
    ) -> dict[Label, Place]:
        """Where a connection starts that has joined the reader at these positions and places."""
        unknown = positions.keys() - places.keys()  # conversations begun since the reader was loaded
        found = await self._store.places(reader.username) if unknown else {}
        begun = {label: found[label] for label in unknown if label in found}
        reader.places.update(begun)
        known = {**places, **begun}
        # Without a place: they have erased their account.
        return {label: known[label]._replace(seq=seq) for label, seq in positions.items() if label in known}

    async def resume(self, reader: Reader, connection: PacedConnection, command: Resume, *, is_late: bool) -> None:
        """Send what the command says is missed, up to where the connection started, and then `resumed`.

        `is_late`: live events were not held for it any more; then nothing of conversations in which something came
        since. A connection that is gone costs no further page.
        """
        truncated = []
        overtaken = _overtaken(reader, connection.starts) if is_late else frozenset[Label]()
        ends = await self._ends(reader.username, connection, command)
        for label, place in connection.starts.items():
            if not connection.is_open:
                return
            gap = gap_of(
                ends[label],
                until=place.seq,
                position=command.positions.get(label.text, 0),
                epoch=command.epochs.get(label.text),
                events_max=self._events_max,
            )
            is_behind = gap.after < place.seq
            if gap.is_truncated or (is_behind and label in overtaken):
                truncated.append(label)
            if is_behind and label not in overtaken:
                await self._replay(reader.username, connection, label, gap.after)
        connection.replay_event(None, EncodedEvent(events.resumed(connection.starts, truncated)))

    async def _ends(self, username: str, connection: PacedConnection, command: Resume) -> Mapping[Label, Place]:
        """The places, with ends that no device can be past.

        Another instance may have told this one's news already, so that only the store knows what is past the end.
        """
        starts = connection.starts
        if all(command.positions.get(label.text, 0) <= place.seq for label, place in starts.items()):
            return starts
        now = await self._store.places(username)
        return starts | {
            label: now[label] for label, place in starts.items() if label in now and now[label].epoch == place.epoch
        }

    async def _replay(self, username: str, connection: PacedConnection, label: Label, after: int) -> None:
        place = connection.starts[label]
        page = await self._store.list_missed(
            username, label, after, epoch=place.epoch, until=place.seq, limit=self._events_max
        )
        for entry in page:
            connection.replay_event(label, EncodedEvent(events.replayed(username, entry)))
        self._nudge_for_own(username, page)
        await connection.drained()

    def _nudge_for_own(self, username: str, page: list[Entry]) -> None:
        """To replay one's own message is to acknowledge it, so its reader must learn of it."""
        own = [entry for entry in page if isinstance(entry, StoredMessage) and entry.sender_username == username]
        if own:
            self._nudge([(own[-1].conversation, Head(own[-1].seq, own[-1].epoch))])


def _overtaken(reader: Reader, starts: Mapping[Label, Place]) -> frozenset[Label]:
    """In these something came since, which is out already."""
    return frozenset(label for label, place in starts.items() if reader.positions.get(label, 0) > place.seq)
