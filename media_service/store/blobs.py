"""Blobs: bytes in pieces, each written in a transaction of its own."""

from collections.abc import Sequence

from media_service.domain.files import PIECE_BYTES
from media_service.domain.refusals import OwnerErased
from media_service.store import whole_files
from servicekit.database import Connection, Database, hold, try_hold

DELETED_PIECES = 16  # in one transaction: 8 MiB
_SWEEPING = "sweeping of blobs"


class BlobStore:
    """What has bytes as its concern alone: reading them, and deleting those of nobody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def thumbnail(self, blob: int, side: int) -> bytes | None:
        return await self._database.read(_thumbnail, blob, side)

    async def read(self, blob: int, start: int, length: int) -> bytes:
        """Some bytes, fewer where a piece ends; none where they are gone."""
        return await self._database.read(_read, blob, start, length)

    # Of these each is done by one instance at a time; who comes while another does it has nothing to do

    async def drop_old(self, begun_before: float) -> None:
        """Drop those that have been coming for too long."""
        await self._database.write(_drop_old, begun_before)

    async def delete_some_pieces(self) -> bool:
        """Delete some pieces of dropped blobs; whether there may be more."""
        return await self._database.read(_has_dropped) and await self._database.write(_delete_some_pieces)

    async def move_piece(self) -> bool:
        """Move the next piece of what was stored whole; whether there may be more."""
        return await self._database.read(whole_files.has_some) and await self._database.write(_move_piece)


def hold_owner(connection: Connection, owner: str) -> None:
    """For who adds up what a person keeps, or looks for the same bytes, and then writes; before the first look."""
    hold(connection, f"files of {owner}")


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
        "SELECT coalesce(sum(size), 0) FROM blobs WHERE owner = ? AND kept = 1", (owner,)
    ).fetchone()
    return int(used)


def used_bytes_of_each(connection: Connection, owners: Sequence[str]) -> dict[str, int]:
    """By owner, without those who keep nothing."""
    marks = ", ".join("?" * len(owners))
    rows = connection.execute(
        f"SELECT owner, sum(size) AS used FROM blobs WHERE owner IN ({marks}) AND kept = 1 GROUP BY owner",
        tuple(owners),
    )
    return {row["owner"]: int(row["used"]) for row in rows}


def all_used_bytes(connection: Connection) -> int:
    return int(connection.execute("SELECT coalesce(sum(size), 0) FROM blobs WHERE kept = 1").fetchone()[0])


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
    dropped = connection.execute("DELETE FROM blobs WHERE number = ? RETURNING place", (blob,)).fetchone()
    if dropped is None:  # it is gone already
        return
    connection.execute("DELETE FROM thumbnails WHERE blob = ?", (blob,))
    if dropped["place"] == whole_files.PLACE:
        whole_files.delete(connection, blob)
    connection.execute("INSERT INTO dropped_blobs (number) VALUES (?)", (blob,))


def _drop_old(connection: Connection, begun_before: float) -> None:
    if not try_hold(connection, _SWEEPING):
        return
    old = "FROM blobs WHERE kept = 0 AND begun_at < ?"
    for (owner,) in connection.execute(f"SELECT DISTINCT owner {old} ORDER BY owner", (begun_before,)).fetchall():
        hold_owner(connection, owner)
    connection.execute(f"DELETE FROM uploads WHERE blob IN (SELECT number {old})", (begun_before,))
    connection.execute(f"UPDATE resumable_uploads SET blob = NULL WHERE blob IN (SELECT number {old})", (begun_before,))
    for (number,) in connection.execute(f"SELECT number {old}", (begun_before,)).fetchall():
        drop(connection, number)


def _thumbnail(connection: Connection, blob: int, side: int) -> bytes | None:
    row = connection.execute("SELECT data FROM thumbnails WHERE blob = ? AND side = ?", (blob, side)).fetchone()
    return bytes(row[0]) if row else whole_files.thumbnail(connection, blob, side)


def _read(connection: Connection, blob: int, start: int, length: int) -> bytes:
    number, inside = divmod(start, PIECE_BYTES)
    row = connection.execute(
        "SELECT substr(data, ?, ?) FROM pieces JOIN blobs ON blobs.number = blob WHERE blob = ? AND pieces.number = ?",
        (inside + 1, length, blob, number),
    ).fetchone()
    return bytes(row[0]) if row else whole_files.read(connection, blob, start, min(length, PIECE_BYTES - inside))


def _has_dropped(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM dropped_blobs LIMIT 1").fetchone() is not None


def _delete_some_pieces(connection: Connection) -> bool:
    if not try_hold(connection, _SWEEPING):
        return False
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


def _move_piece(connection: Connection) -> bool:
    found = whole_files.next_piece(connection)
    if found is None:
        return False
    blob, number, data, is_last = found
    put_piece(connection, blob, number, data)
    if is_last:
        whole_files.finish(connection, blob)
    return True
