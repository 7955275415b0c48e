"""What was stored whole in SQLite files of before, until it has been moved. On PostgreSQL no blob is at this place."""

from typing import Any

from media_service.domain.files import PIECE_BYTES
from servicekit.database import Connection

PLACE = "whole"


def has_some(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM blobs WHERE place = 'whole' LIMIT 1").fetchone() is not None


def thumbnail(connection: Connection, blob: int, side: int) -> bytes | None:
    if not _is_whole(connection, blob):
        return None
    row = connection.execute(
        "SELECT data FROM whole_thumbnails WHERE file_number = ? AND side = ?", (blob, side)
    ).fetchone()
    return bytes(row[0]) if row else None


def read(connection: Connection, blob: int, start: int, length: int) -> bytes:
    return _read(connection, blob, start, length) if _is_whole(connection, blob) else b""


def delete(connection: Connection, blob: int) -> None:
    connection.execute("DELETE FROM whole_files WHERE number = ?", (blob,))  # its thumbnails with it


# Moving


def next_piece(connection: Connection) -> tuple[int, int, bytes, bool] | None:
    """The blob, the number of the piece, its bytes, and whether it is the last one."""
    row = connection.execute("SELECT number, size FROM blobs WHERE place = 'whole' ORDER BY number LIMIT 1").fetchone()
    if row is None:
        return None
    blob, size = row
    (moved,) = connection.execute("SELECT count(*) FROM pieces WHERE blob = ?", (blob,)).fetchone()
    data = _read(connection, blob, moved * PIECE_BYTES, PIECE_BYTES)
    return blob, moved, data, (moved + 1) * PIECE_BYTES >= size


def finish(connection: Connection, blob: int) -> None:
    connection.execute("INSERT INTO thumbnails SELECT * FROM whole_thumbnails WHERE file_number = ?", (blob,))
    connection.execute("UPDATE blobs SET place = 'pieces' WHERE number = ?", (blob,))
    delete(connection, blob)


def _is_whole(connection: Connection, blob: int) -> bool:
    found = connection.execute("SELECT 1 FROM blobs WHERE number = ? AND place = 'whole'", (blob,))
    return found.fetchone() is not None


def _read(connection: Any, blob: int, start: int, length: int) -> bytes:
    """By incremental I/O: any other way, SQLite reads all of it for a part."""
    with connection.blobopen("whole_files", "data", blob, readonly=True) as opened:
        opened.seek(start)
        return bytes(opened.read(length))
