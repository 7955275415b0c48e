"""Catching up: what readers have missed comes to them from the store."""

from collections.abc import Mapping

from chat_service.actions.room_subscriptions import RoomSubscriptions
from chat_service.domain import events
from chat_service.domain.conversations import Label
from chat_service.domain.events import EncodedEvent
from chat_service.domain.places import Place
from chat_service.domain.readers import Reader
from chat_service.store.conversations import Conversations
from servicekit.logs import get_logger
from servicekit.tasks import Tasks

PAGE = 500
log = get_logger(__name__)


class CatchUp:
    def __init__(self, *, store: Conversations, rooms: RoomSubscriptions, page: int = PAGE) -> None:
        self._store = store
        self._rooms = rooms
        self._page = page
        self._reading: set[Reader] = set()
        self._tasks = Tasks()
        rooms.on_gap(self.start)
        rooms.on_doubt(self.compare)

    def start(self, reader: Reader) -> None:
        """Read on where the reader is behind."""
        if reader not in self._reading:
            self._reading.add(reader)
            self._tasks.start(self._read(reader))

    def compare(self, reader: Reader) -> None:
        """Something may have been lost: look where the store is further, and in which rooms they are."""
        reader.doubt()
        # One that is loading may read the store before its subscription is in force; it is compared when it is loaded.
        if reader.is_loaded:
            self._tasks.start(self._compare(reader))

    async def _compare(self, reader: Reader) -> None:
        doubts = reader.doubts
        places: Mapping[Label, Place] = await self._store.places(reader.username)
        if self._rooms.missing(reader, places):
            places = await self._rooms.enter(reader, places)
        self._rooms.leave(reader, reader.positions.keys() - places.keys())
        missing = self._rooms.missing(reader, places)
        for label, place in places.items():
            if label not in missing:
                reader.fall_behind(label, place.seq)
        reader.resolve(doubts)
        if reader.behind:
            self.start(reader)

    async def _read(self, reader: Reader) -> None:
        try:
            while reader.behind and not reader.is_gone:
                await self._read_page(reader, next(iter(reader.behind)))
        finally:  # with no step between the last look at what is behind and this, or a gap would stay open
            self._reading.discard(reader)

    async def _read_page(self, reader: Reader, label: Label) -> None:
        position, until, doubts = reader.positions.get(label, 0), reader.behind[label], reader.doubts
        page = await self._store.list_after(
            reader.username, label, position, epoch=self._rooms.epoch_of(label), until=until, limit=self._page
        )
        if label not in reader.behind:
            return  # they left the room meanwhile
        for entry in page:
            reader.catch_up(label, entry.seq, EncodedEvent(events.replayed(reader.username, entry)))
        if page:
            if reader.doubts == doubts:
                reader.certain.add(label)
            reader.caught_up(label)
            return
        if label.is_room:
            await self._compare(reader)  # they may have left, or the name means another room
        if reader.behind.get(label) == until and not reader.caught_up(label):
            log.error("the store lacks what the feed told of", label=label.text, seq=reader.behind.pop(label))

    async def close(self) -> None:
        await self._tasks.close()
