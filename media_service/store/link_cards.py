"""Link cards: what the pages of other hosts said of themselves, and their pictures."""

import msgspec

from media_service.domain.link_cards import Card, CardPicture, KnownCard
from servicekit.database import Connection, Database

DROPPED_MAX = 100  # at a time: nobody's upload waits for it


class LinkCardStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.id = database.id

    async def find(self, url: str) -> KnownCard | None:
        return await self._database.read_few(_find, url)

    async def put(self, url: str, known: KnownCard, picture: CardPicture | None) -> None:
        """Keep what the address gave, and the picture of the card."""
        await self._database.write(_put, url, known, picture)

    async def find_picture(self, picture_id: str) -> CardPicture | None:
        return await self._database.read(_find_picture, picture_id)

    async def note_seen(self, picture_id: str, now: float) -> None:
        await self._database.write(_note_seen, picture_id, now)

    async def drop_old(self, *, tried_before: float, seen_before: float) -> None:
        """The oldest of the cards and pictures from before, DROPPED_MAX of each."""
        await self._database.write(_drop_old, tried_before, seen_before)


def _find(connection: Connection, url: str) -> KnownCard | None:
    row = connection.execute("SELECT tried_at, card FROM link_cards WHERE url = ?", (url,)).fetchone()
    if row is None:
        return None
    tried_at, card = row
    return KnownCard(tried_at, None if card is None else msgspec.json.decode(card, type=Card))


def _put(connection: Connection, url: str, known: KnownCard, picture: CardPicture | None) -> None:
    card = None if known.card is None else msgspec.json.encode(known.card).decode()
    if picture is not None:
        connection.execute(
            "INSERT INTO card_pictures (id, seen_at, data) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
            (picture.id, picture.seen_at, picture.data),
        )
    connection.execute(
        "INSERT INTO link_cards (url, tried_at, card) VALUES (?, ?, ?)"
        " ON CONFLICT (url) DO UPDATE SET tried_at = excluded.tried_at, card = excluded.card",
        (url, known.tried_at, card),
    )


def _find_picture(connection: Connection, picture_id: str) -> CardPicture | None:
    row = connection.execute("SELECT id, seen_at, data FROM card_pictures WHERE id = ?", (picture_id,)).fetchone()
    return None if row is None else CardPicture(*row)


def _note_seen(connection: Connection, picture_id: str, now: float) -> None:
    connection.execute("UPDATE card_pictures SET seen_at = ? WHERE id = ? AND seen_at < ?", (now, picture_id, now))


def _drop_old(connection: Connection, tried_before: float, seen_before: float) -> None:
    connection.execute(
        "DELETE FROM link_cards WHERE url IN (SELECT url FROM link_cards WHERE tried_at < ? ORDER BY tried_at LIMIT ?)",
        (tried_before, DROPPED_MAX),
    )
    connection.execute(
        "DELETE FROM card_pictures WHERE id IN"
        " (SELECT id FROM card_pictures WHERE seen_at < ? ORDER BY seen_at LIMIT ?)",
        (seen_before, DROPPED_MAX),
    )
