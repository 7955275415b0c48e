"""Blobs: bytes in pieces, each written in a transaction of its own."""

from typing import Any

from media_service.domain.files import PIECE_BYTES
from media_service.domain.refusals import OwnerErased
from servicekit.database import Connection, Database

DELETED_PIECES = 16  # in one transaction: 8 MiB


class BlobStore:
    """What has bytes as its concern alone: reading them, and deleting those of nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def thumbnail(self, blob: int, side: int) -> bytes | None:
        return await self._database.read(_thumbnail, blob, side)

    async def read(self, blob: int, start: int, length: int) -> bytes:
        """Some bytes, fewer where a piece ends; none where they are gone."""
        return await self._database.read(_read, blob, start, length)

    async def drop_old(self, begun_before: float) -> None:
        """Drop those that have been coming for too long."""
        await self._database.write(_drop_old, begun_before)

    async def delete_some_pieces(self) -> bool:
        """Delete some pieces of dropped blobs; whether there may be more."""
        return await self._database.read(_has_dropped) and await self._database.write(_delete_some_pieces)

    async def move_piece(self) -> bool:
        """Move the next piece of what was stored whole; whether there may be more."""
        return await self._database.read(_has_whole) and await self._database.write(_move_piece)


def begin(connection: Connection, owner: str, size: int, now_s: float) -> int:
    """The number of a blob that is going to come."""
    (number,) = connection.execute(
        "INSERT INTO blobs (owner, size, place, kept, begun_at) VALUES (?, ?, 'pieces', 0, ?) RETURNING number",
        (owner, size, now_s),
    ).fetchone()
    return int(number)


def used_bytes(connection: Connection, owner: str) -> int:
    """By their blobs, so that the same bytes count once."""
    (used,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM blobs WHERE owner = ? AND kept", (owner,)
    ).fetchone()
    return int(used)


def check_not_erased(connection: Connection, owner: str) -> None:
    """Raises OwnerErased."""
    if connection.execute("SELECT 1 FROM erased WHERE owner = ?", (owner,)).fetchone() is not None:
        raise OwnerErased


def put_piece(connection: Connection, blob: int, number: int, data: bytes) -> None:
    connection.execute(
        "INSERT INTO pieces (blob, number, data) VALUES (?, ?, ?)"
        " ON CONFLICT (blob, number) DO UPDATE SET data = excluded.data",
        (blob, number, data),
    )


def put_thumbnail(connection: Connection, blob: int, side: int, data: bytes) -> None:
    connection.execute("INSERT INTO thumbnails (blob, side, data) VALUES (?, ?, ?)", (blob, side, data))


def drop(connection: Connection, blob: int) -> None:
    """It is gone for everybody; its pieces are deleted in the background, for they may be many."""
    connection.execute("DELETE FROM thumbnails WHERE blob = ?", (blob,))
    connection.execute("DELETE FROM whole_files WHERE number = ?", (blob,))
    connection.execute("DELETE FROM blobs WHERE number = ?", (blob,))
    connection.execute("INSERT INTO dropped_blobs (number) VALUES (?)", (blob,))


def _drop_old(connection: Connection, begun_before: float) -> None:
    old = "SELECT number FROM blobs WHERE NOT kept AND begun_at < ?"
    connection.execute(f"DELETE FROM uploads WHERE blob IN ({old})", (begun_before,))
    connection.execute(f"UPDATE resumable_uploads SET blob = NULL WHERE blob IN ({old})", (begun_before,))
    for (number,) in connection.execute(old, (begun_before,)).fetchall():
        drop(connection, number)


def _thumbnail(connection: Connection, blob: int, side: int) -> bytes | None:
    row = connection.execute(
        "SELECT data FROM thumbnails WHERE blob = ? AND side = ?"
        " UNION ALL SELECT data FROM whole_thumbnails WHERE file_number = ? AND side = ?",
        (blob, side, blob, side),
    ).fetchone()
    return bytes(row[0]) if row else None


def _read(connection: Connection, blob: int, start: int, length: int) -> bytes:
    number, inside = divmod(start, PIECE_BYTES)
    row = connection.execute(
        "SELECT substr(data, ?, ?) FROM pieces JOIN blobs ON blobs.number = blob WHERE blob = ? AND pieces.number = ?",
        (inside + 1, length, blob, number),
    ).fetchone()
    return bytes(row[0]) if row else _read_whole(connection, blob, start, min(length, PIECE_BYTES - inside))


def _has_dropped(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM dropped_blobs LIMIT 1").fetchone() is not None


def _delete_some_pieces(connection: Connection) -> bool:
    dropped = connection.execute("SELECT number FROM dropped_blobs LIMIT ?", (DELETED_PIECES,)).fetchall()
    left = DELETED_PIECES
    for (blob,) in dropped:
        deleted = connection.execute(
            "DELETE FROM pieces WHERE blob = ? AND number IN"
            " (SELECT number FROM pieces WHERE blob = ? ORDER BY number LIMIT ?)",
            (blob, blob, left),
        ).rowcount
        left -= deleted
        if not left:
            return True
        connection.execute("DELETE FROM dropped_blobs WHERE number = ?", (blob,))
    return len(dropped) == DELETED_PIECES


# What was stored whole, until it has been moved


def _read_whole(connection: Any, number: int, start: int, length: int) -> bytes:
    """By incremental I/O: any other way, SQLite reads all of it for a part."""
    if connection.execute("SELECT 1 FROM whole_files WHERE number = ?", (number,)).fetchone() is None:
        return b""
    with connection.blobopen("whole_files", "data", number, readonly=True) as blob:
        blob.seek(start)
        return bytes(blob.read(length))


def _has_whole(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM whole_files LIMIT 1").fetchone() is not None


def _move_piece(connection: Connection) -> bool:
    row = connection.execute("SELECT number, size FROM whole_files ORDER BY number LIMIT 1").fetchone()
    if row is None:
        return False
    number, size = row
    (moved,) = connection.execute("SELECT count(*) FROM pieces WHERE blob = ?", (number,)).fetchone()
    put_piece(connection, number, moved, _read_whole(connection, number, moved * PIECE_BYTES, PIECE_BYTES))
    if (moved + 1) * PIECE_BYTES >= size:
        connection.execute("INSERT INTO thumbnails SELECT * FROM whole_thumbnails WHERE file_number = ?", (number,))
        connection.execute("UPDATE blobs SET place = 'pieces' WHERE number = ?", (number,))
        connection.execute("DELETE FROM whole_files WHERE number = ?", (number,))  # its thumbnails with it
    return True
