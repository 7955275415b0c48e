"""Uploads that are coming: seen by nobody, until all files of a request are there."""

import hashlib
from typing import Any

import msgspec

from media_service.domain.files import PIECE_BYTES, File, KeptLimits, ProcessedFile
from media_service.domain.refusals import QuotaExceeded, TooManyFilesKept
from media_service.store import blobs, resumable_uploads
from media_service.store.files import UPLOAD, file_of
from servicekit.database import Connection, Database


class NewUpload(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be kept of a file that somebody sends; times are seconds since the epoch."""

    id: str
    owner: str
    filename: str
    created_at: str
    begun_at: float
    file: ProcessedFile


class UploadStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, request_id: str, new: NewUpload) -> str:
        """Keep a file of a request that is still going on; the SHA-256 of its bytes, in hexadecimal digits."""
        written = _Written(blob=0, pieces=0, digest=hashlib.sha256(), is_whole=False)
        while not written.is_whole:
            written = await self._database.write(_put_next, request_id, new, written)
        return str(written.digest.hexdigest())

    async def finish(
        self, request_id: str, owner: str, limits: KeptLimits, *, now_s: float, resumable_id: str = ""
    ) -> list[File]:
        """The request's files are there from now on; in their order. Bytes that were known before are kept once.

        `resumable_id` is that of the upload whose bytes became the file, and which ends by that. Raises QuotaExceeded,
        TooManyFilesKept or OwnerErased, having changed nothing.
        """
        return await self._database.write(_finish, request_id, owner, limits, resumable_id, now_s)

    async def abandon(self, request_id: str) -> None:
        """Forget what came with a request."""
        await self._database.write(_abandon, request_id)


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file is on its way into the store; `digest` is that of its first `pieces`."""

    blob: int
    pieces: int
    digest: Any
    is_whole: bool


def _put_next(connection: Connection, request_id: str, new: NewUpload, before: _Written) -> _Written:
    """Put the next piece. Called again for the same one, where another transaction was in the way, it does the same."""
    file, number, digest = new.file, before.pieces, before.digest.copy()
    blob = before.blob or _begin(connection, request_id, new)
    file.content.seek(number * PIECE_BYTES)
    data = file.content.read(PIECE_BYTES)
    digest.update(data)
    if data:
        blobs.put_piece(connection, blob, number, data)
    is_whole = (number + 1) * PIECE_BYTES >= file.size
    if is_whole:
        connection.execute("UPDATE blobs SET sha256 = ? WHERE number = ?", (digest.hexdigest(), blob))
    return _Written(blob=blob, pieces=number + 1, digest=digest, is_whole=is_whole)


def _begin(connection: Connection, request_id: str, new: NewUpload) -> int:
    """The number of its blob."""
    blob = blobs.begin(connection, new.owner, new.file.size, new.begun_at)
    _put_upload(connection, request_id, new, blob)
    return blob


def _put_upload(connection: Connection, request_id: str, new: NewUpload, blob: int) -> None:
    file = new.file
    for side, data in file.thumbnails.items():
        blobs.put_thumbnail(connection, blob, side, data)
    connection.execute(
        "INSERT INTO uploads (id, owner, filename, kind, content_type, blob, width, height, duration_s, placeholder,"
        " has_thumbnail, removed, cleaned, created_at, request_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.owner,
            new.filename,
            file.kind,
            file.content_type,
            blob,
            file.width,
            file.height,
            file.duration_s,
            file.placeholder,
            bool(file.thumbnails),
            " ".join(file.removed),
            file.cleaned,
            new.created_at,
            request_id,
        ),
    )


def _finish(
    connection: Connection, request_id: str, owner: str, limits: KeptLimits, resumable_id: str, now_s: float
) -> list[File]:
    blobs.hold_owner(connection, owner)
    blobs.check_not_erased(connection, owner)
    rows = connection.execute(f"SELECT {UPLOAD} AND request_id = ? ORDER BY uploads.number", (request_id,)).fetchall()
    found = [_keep(connection, file_of(row)) for row in rows]
    connection.execute("UPDATE uploads SET request_id = NULL WHERE request_id = ?", (request_id,))
    if resumable_id:
        resumable_uploads.close(connection, resumable_id, file_id=found[0].id)
    used = blobs.used_bytes(connection, owner) + resumable_uploads.reserved_bytes(connection, owner, now_s)
    if used > limits.bytes_max:
        raise QuotaExceeded(used, limits.bytes_max)
    if _has_more_than(connection, owner, limits.files_max):
        raise TooManyFilesKept(limits.files_max)
    return found


def _keep(connection: Connection, file: File) -> File:
    """From now on its blob is kept; where the same bytes are kept already, those are its blob."""
    known = connection.execute(
        "SELECT number FROM blobs WHERE owner = ? AND sha256 = ? AND kept = 1", (file.owner, file.sha256)
    ).fetchone()
    if known is None:
        connection.execute("UPDATE blobs SET kept = 1 WHERE number = ?", (file.blob,))
        return file
    connection.execute("UPDATE uploads SET blob = ? WHERE number = ?", (known[0], file.number))
    blobs.drop(connection, file.blob)
    return msgspec.structs.replace(file, blob=known[0])


def _has_more_than(connection: Connection, owner: str, files_max: int) -> bool:
    query = "SELECT 1 FROM uploads WHERE owner = ? AND request_id IS NULL ORDER BY number LIMIT 1 OFFSET ?"
    return connection.execute(query, (owner, files_max)).fetchone() is not None


def _abandon(connection: Connection, request_id: str) -> None:
    gone = connection.execute("DELETE FROM uploads WHERE request_id = ? RETURNING blob", (request_id,)).fetchall()
    for (blob,) in gone:
        blobs.drop(connection, blob)
