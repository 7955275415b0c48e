"""Resumable uploads: how much of each is here, in the pieces of a blob that nobody sees."""

from typing import NoReturn

from media_service.domain.files import PIECE_BYTES
from media_service.domain.refusals import QuotaExceeded, TooManyUploads, UnknownUpload, WrongOffset
from media_service.domain.resumable_uploads import ResumableUpload
from media_service.store import blobs
from servicekit.database import Connection, Database, Row, try_hold

_COLUMNS = "id, owner, filename, content_type, metadata, length, received, blob, expires_at, file_id, refusal"
OF_A_DAY_MAX = 2_000  # of one person, whatever became of them
_OPEN = "file_id IS NULL AND refusal IS NULL"


class ResumableUploadStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, new: ResumableUpload, *, quota_bytes: int, open_max: int, now_s: float) -> None:
        """Room for all of it is kept. Raises TooManyUploads or QuotaExceeded."""
        await self._database.write(_begin, new, quota_bytes, open_max, now_s)

    async def find(self, upload_id: str, *, now_s: float) -> ResumableUpload | None:
        return await self._database.read(_find, upload_id, now_s)

    async def append(self, upload_id: str, offset: int, data: bytes) -> int:
        """Keep `data`, which stands at `offset` and ends no later than the piece there; how much is here by that.

        Raises WrongOffset or UnknownUpload.
        """
        return await self._database.write(_append, upload_id, offset, data)

    async def unchecked(self, now_s: float) -> list[ResumableUpload]:
        """Those that are here as a whole and that nobody is checking."""
        return await self._database.read(_unchecked, now_s)

    async def begin_check(self, upload_id: str, *, now_s: float, until_s: float) -> int:
        """How many have begun that count, with this one; 0 if somebody else checks it. Nobody else will until then."""
        return await self._database.write(_begin_check, upload_id, now_s, until_s)

    async def prolong_check(self, upload_id: str, until_s: float) -> None:
        await self._database.write(_prolong_check, upload_id, until_s)

    async def end_check(self, upload_id: str, *, counts: bool) -> None:
        """It has come to nothing; whoever likes may begin another."""
        await self._database.write(_end_check, upload_id, int(counts))

    async def piece(self, blob: int, number: int) -> bytes:
        return await self._database.read(_piece, blob, number)

    async def refuse(self, upload_id: str, refusal: bytes) -> None:
        """It became no file; the refusal is what its sender will be told. Raises UnknownUpload if it is closed."""
        await self._database.write(_refuse, upload_id, refusal)

    async def remove(self, upload_id: str) -> None:
        """Raises UnknownUpload if it is closed."""
        await self._database.write(_remove, upload_id)

    async def remove_expired(self, now_s: float) -> None:
        await self._database.write(_remove_expired, now_s)


def reserved_bytes(connection: Connection, owner: str, now_s: float) -> int:
    """Kept for what may still come."""
    query = f"SELECT coalesce(sum(length), 0) FROM resumable_uploads WHERE owner = ? AND {_OPEN} AND expires_at > ?"
    return int(connection.execute(query, (owner, now_s)).fetchone()[0])


def close(connection: Connection, upload_id: str, *, file_id: str | None = None, refusal: bytes | None = None) -> None:
    """It is no longer open, and its bytes are not needed. Raises UnknownUpload where it was closed before."""
    row = connection.execute(
        f"UPDATE resumable_uploads SET file_id = ?, refusal = ? WHERE id = ? AND {_OPEN} RETURNING blob",
        (file_id, refusal, upload_id),
    ).fetchone()
    if row is None:
        raise UnknownUpload
    connection.execute("UPDATE resumable_uploads SET blob = NULL WHERE id = ?", (upload_id,))
    if row["blob"] is not None:
        blobs.drop(connection, row["blob"])


def remove_all_of(connection: Connection, owner: str) -> None:
    gone = connection.execute("DELETE FROM resumable_uploads WHERE owner = ? RETURNING blob", (owner,)).fetchall()
    _drop_all(connection, gone)


def end_all_of(connection: Connection, owner: str, until_s: float) -> None:
    """Those that are open, and were begun by then."""
    gone = connection.execute(
        f"DELETE FROM resumable_uploads WHERE owner = ? AND {_OPEN}"
        " AND (blob IS NULL OR blob IN (SELECT number FROM blobs WHERE begun_at <= ?)) RETURNING blob",
        (owner, until_s),
    ).fetchall()
    _drop_all(connection, gone)


def _begin(connection: Connection, new: ResumableUpload, quota_bytes: int, open_max: int, now_s: float) -> None:
    blobs.hold_owner(connection, new.owner)
    blobs.check_not_erased(connection, new.owner)
    open_count, of_today = connection.execute(
        f"SELECT count(*) FILTER (WHERE {_OPEN}), count(*) FROM resumable_uploads WHERE owner = ? AND expires_at > ?",
        (new.owner, now_s),
    ).fetchone()
    if open_count >= open_max or of_today >= OF_A_DAY_MAX:
        raise TooManyUploads(open_max)
    used = blobs.used_bytes(connection, new.owner) + reserved_bytes(connection, new.owner, now_s) + new.length
    if used > quota_bytes:
        raise QuotaExceeded(used, quota_bytes)
    connection.execute(
        "INSERT INTO resumable_uploads"
        " (id, owner, filename, content_type, metadata, length, received, blob, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            new.id,
            new.owner,
            new.filename,
            new.content_type,
            new.metadata,
            new.length,
            blobs.begin(connection, new.owner, new.length, now_s),
            new.expires_at,
        ),
    )


def _find(connection: Connection, upload_id: str, now_s: float) -> ResumableUpload | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM resumable_uploads WHERE id = ? AND expires_at > ?", (upload_id, now_s)
    ).fetchone()
    return _upload_of(row) if row else None


def _append(connection: Connection, upload_id: str, offset: int, data: bytes) -> int:
    """Of two that append at one offset, the second finds it moved, whichever instances they are at."""
    received = offset + len(data)
    row = connection.execute(
        "UPDATE resumable_uploads SET received = ?"
        f" WHERE id = ? AND received = ? AND blob IS NOT NULL AND {_OPEN} RETURNING blob",
        (received, upload_id, offset),
    ).fetchone()
    if row is None:
        _raise_why_not(connection, upload_id)
    number = offset // PIECE_BYTES
    if offset % PIECE_BYTES:
        data = _piece(connection, row["blob"], number) + data
    blobs.put_piece(connection, row["blob"], number, data)
    return received


def _raise_why_not(connection: Connection, upload_id: str) -> NoReturn:
    """What has become a file meanwhile, by another instance, is known still."""
    row = connection.execute(
        f"SELECT received FROM resumable_uploads WHERE id = ? AND (blob IS NOT NULL OR NOT ({_OPEN}))", (upload_id,)
    ).fetchone()
    raise UnknownUpload if row is None else WrongOffset(row["received"])


def _unchecked(connection: Connection, now_s: float) -> list[ResumableUpload]:
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM resumable_uploads WHERE received = length AND {_OPEN} AND checked_until <= ?", (now_s,)
    )
    return [_upload_of(row) for row in rows]


def _begin_check(connection: Connection, upload_id: str, now_s: float, until_s: float) -> int:
    row = connection.execute(
        "UPDATE resumable_uploads SET checked_until = ?, checks = checks + 1"
        f" WHERE id = ? AND {_OPEN} AND checked_until <= ? RETURNING checks",
        (until_s, upload_id, now_s),
    ).fetchone()
    return int(row[0]) if row else 0


def _prolong_check(connection: Connection, upload_id: str, until_s: float) -> None:
    connection.execute("UPDATE resumable_uploads SET checked_until = ? WHERE id = ?", (until_s, upload_id))


def _end_check(connection: Connection, upload_id: str, counted: int) -> None:
    connection.execute(
        "UPDATE resumable_uploads SET checked_until = 0, checks = checks - ? WHERE id = ?",
        (1 - counted, upload_id),
    )


def _piece(connection: Connection, blob: int, number: int) -> bytes:
    row = connection.execute("SELECT data FROM pieces WHERE blob = ? AND number = ?", (blob, number)).fetchone()
    return bytes(row[0]) if row else b""


def _refuse(connection: Connection, upload_id: str, refusal: bytes) -> None:
    close(connection, upload_id, refusal=refusal)


def _remove(connection: Connection, upload_id: str) -> None:
    gone = connection.execute(
        f"DELETE FROM resumable_uploads WHERE id = ? AND {_OPEN} RETURNING blob", (upload_id,)
    ).fetchall()
    if not gone:
        raise UnknownUpload
    _drop_all(connection, gone)


def _remove_expired(connection: Connection, now_s: float) -> None:
    if not try_hold(connection, "sweeping of uploads"):  # another instance does it
        return
    gone = connection.execute("DELETE FROM resumable_uploads WHERE expires_at <= ? RETURNING blob", (now_s,)).fetchall()
    _drop_all(connection, gone)


def _drop_all(connection: Connection, rows: list[Row]) -> None:
    for (blob,) in rows:
        if blob is not None:
            blobs.drop(connection, blob)


def _upload_of(row: Row) -> ResumableUpload:
    return ResumableUpload(**dict(zip(row.keys(), row, strict=True)))
