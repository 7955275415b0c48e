"""Resuming: one connection that was away gets what it missed."""

from collections.abc import Mapping
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

    def replay_event(self, label: Label | None, event: EncodedEvent) -> None:
        """Send it before what is held."""

    async def drained(self) -> None: ...


class Resuming:
    def __init__(self, *, store: Conversations, events_max: int) -> None:
        self._store = store
        self._events_max = events_max

    async def starts(self, reader: Reader, positions: Mapping[Label, int]) -> dict[Label, Place]:
        """Where a connection starts that has joined the reader at these positions."""
        unknown = positions.keys() - reader.places.keys()  # conversations begun since the reader was loaded
        found = await self._store.places(reader.username) if unknown else {}
        reader.places.update((label, found[label]) for label in unknown if label in found)
        # Without a place: they have erased their account.
        return {
            label: reader.places[label]._replace(seq=seq) for label, seq in positions.items() if label in reader.places
        }

    async def resume(
        self, reader: Reader, connection: PacedConnection, command: Resume, *, is_late: bool
    ) -> dict[Conversation, Head]:
        """Send what the command says is missed, up to where the connection started, and then `resumed`.

        `is_late`: live events were not held for it any more; then nothing of conversations in which something came
        since. Returns up to where messages of the reader's own were among it: to replay one is to acknowledge it, so
        its readers must be nudged.
        """
        truncated, own = [], dict[Conversation, Head]()
        ends = await self._ends(reader.username, connection, command)
        for label, place in connection.starts.items():
            is_overtaken = is_late and reader.positions.get(label, 0) > place.seq
            gap = gap_of(
                ends[label],
                until=place.seq,
                position=command.positions.get(label.text, 0),
                epoch=command.epochs.get(label.text),
                events_max=self._events_max,
            )
            is_behind = gap.after < place.seq
            if gap.is_truncated or (is_behind and is_overtaken):
                truncated.append(label)
            if is_behind and not is_overtaken:
                page = await self._replay(reader.username, connection, label, gap.after)
                own |= _own_ends(reader.username, page)
        connection.replay_event(None, EncodedEvent(events.resumed(connection.starts, truncated)))
        return own

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

    async def _replay(self, username: str, connection: PacedConnection, label: Label, after: int) -> list[Entry]:
        place = connection.starts[label]
        page = await self._store.list_missed(
            username, label, after, epoch=place.epoch, until=place.seq, limit=self._events_max
        )
        for entry in page:
            connection.replay_event(label, EncodedEvent(events.replayed(username, entry)))
        await connection.drained()
        return page


def _own_ends(username: str, page: list[Entry]) -> dict[Conversation, Head]:
    own = [entry for entry in page if isinstance(entry, StoredMessage) and entry.sender_username == username]
    return {own[-1].conversation: Head(own[-1].seq, own[-1].epoch)} if own else {}
