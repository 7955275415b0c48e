"""Replaying: one connection that was away gets what it missed."""

from collections.abc import Callable, Container, Mapping
from typing import Protocol

from chat_service.domain import events
from chat_service.domain.changes import Entry
from chat_service.domain.commands import Resume
from chat_service.domain.messages import StoredMessage
from chat_service.domain.places import Head, Place, gap_of
from chat_service.domain.readers import Connection, Reader
from chat_service.store.conversations import Conversations
from servicekit.frames import text_frame


class PacedConnection(Connection, Protocol):
    """A connection that can be held while it is brought up to date, from where it started."""

    started_at: dict[str, int]
    places: dict[str, Place]

    def replay_event(self, label: str, frame: bytes) -> None: ...
    async def drained(self) -> None: ...


class Replaying:
    def __init__(self, *, store: Conversations, nudge: Callable[[Mapping[str, Head]], None], events_max: int) -> None:
        self._store = store
        self._nudge = nudge
        self._events_max = events_max

    async def replay(
        self, reader: Reader, connection: PacedConnection, command: Resume, *, overtaken: Container[str]
    ) -> None:
        """Send what the command says is missed, up to where the connection started, and then `resumed`.

        Nothing of conversations that are `overtaken`: what came after is out already.
        """
        truncated = []
        places = await self._ends(reader.username, connection, command)
        for label, until in connection.started_at.items():
            gap = gap_of(
                places[label],
                until=until,
                position=command.positions.get(label, 0),
                epoch=command.epochs.get(label),
                events_max=self._events_max,
            )
            is_late = gap.after < until and label in overtaken
            if gap.is_truncated or is_late:
                truncated.append(label)
            if gap.after < until and not is_late:
                await self._send(reader.username, connection, label, places[label].epoch, gap.after, until)
        epochs = {label: connection.places[label].epoch for label in connection.started_at}
        connection.replay_event("", text_frame(events.resumed(connection.started_at, epochs, truncated)))

    async def _ends(self, username: str, connection: PacedConnection, command: Resume) -> Mapping[str, Place]:
        """The places, with ends that no device can be past.

        Another instance may have told this one's news already, so that only the store knows what is past the end.
        """
        at_start = {label: connection.places[label]._replace(seq=seq) for label, seq in connection.started_at.items()}
        if all(command.positions.get(label, 0) <= place.seq for label, place in at_start.items()):
            return at_start
        now = await self._store.places(username)
        return at_start | {
            label: now[label] for label, place in at_start.items() if label in now and now[label].epoch == place.epoch
        }

    async def _send(
        self, username: str, connection: PacedConnection, label: str, epoch: str, after: int, until: int
    ) -> None:
        page = await self._store.list_missed(username, label, after, epoch=epoch, until=until, limit=self._events_max)
        for entry in page:
            connection.replay_event(label, text_frame(events.replayed(username, entry)))
        self._nudge_for_own(username, page)
        await connection.drained()

    def _nudge_for_own(self, username: str, page: list[Entry]) -> None:
        """To replay one's own message is to acknowledge it, so its reader must learn of it: see `Delivery.repeat`."""
        own = [entry for entry in page if isinstance(entry, StoredMessage) and entry.sender_username == username]
        if own:
            self._nudge({own[-1].conversation: Head(own[-1].seq, own[-1].epoch)})
