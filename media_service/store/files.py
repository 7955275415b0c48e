"""Files as they are kept, and which are gone."""

from collections.abc import Sequence

import msgspec

from media_service.domain.files import File
from media_service.store import blobs, resumable_uploads
from servicekit.database import Connection, Database, Row

# To go on with "AND …".
UPLOAD = (
    "uploads.number, id, uploads.owner, filename, kind, content_type, blob, sha256, size, width, height, duration_s,"
    " placeholder, has_thumbnail, removed, cleaned, created_at"
    " FROM uploads JOIN blobs ON blobs.number = blob WHERE TRUE"
)
_NUMBER_MAX = 2**63 - 1


class DeletedFile(msgspec.Struct, frozen=True):
    """A file that is gone; `number` grows with each."""

    number: int
    id: str


class FileStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, file_id: str) -> File | None:
        return await self._database.read_few(_find, file_id)

    async def list_of(self, owner: str, *, before: int | None, limit: int) -> list[File]:
        """Newest first, those before a `number`."""
        return await self._database.read(_list_of, owner, before, limit)

    async def used_bytes(self, owner: str) -> int:
        return await self._database.read(blobs.used_bytes, owner)

    async def used_bytes_of_each(self, owners: Sequence[str]) -> dict[str, int]:
        """By owner, without those who keep nothing."""
        return await self._database.read(blobs.used_bytes_of_each, owners) if owners else {}

    async def count(self) -> dict[str, int]:
        """All files, and the bytes that they take. Raises TookTooLong."""
        return await self._database.read_long("", _count)

    async def find_owned(self, owner: str, file_ids: list[str]) -> list[File]:
        """Those of the files that the person owns."""
        return await self._database.read(_find_owned, owner, file_ids)

    async def remove(self, file_ids: list[str]) -> bool:
        """Whether there was something to remove."""
        return await self._database.write(remove, file_ids)

    async def deleted_files_after(self, number: int, limit: int) -> list[DeletedFile]:
        return await self._database.read(_deleted_files_after, number, limit)


def _find(connection: Connection, file_id: str) -> File | None:
    row = connection.execute(f"SELECT {UPLOAD} AND id = ? AND request_id IS NULL", (file_id,)).fetchone()
    return file_of(row) if row else None


def _list_of(connection: Connection, owner: str, before: int | None, limit: int) -> list[File]:
    rows = connection.execute(
        f"SELECT {UPLOAD} AND uploads.owner = ? AND request_id IS NULL AND uploads.number < ?"
        " ORDER BY uploads.number DESC LIMIT ?",
        (owner, _NUMBER_MAX if before is None else before, limit),
    )
    return [file_of(row) for row in rows]


def _count(connection: Connection) -> dict[str, int]:
    (files,) = connection.execute("SELECT count(*) FROM uploads WHERE request_id IS NULL").fetchone()
    return {"files": files, "stored_bytes": blobs.all_used_bytes(connection)}


def _find_owned(connection: Connection, owner: str, file_ids: list[str]) -> list[File]:
    if not file_ids:
        return []
    marks = ", ".join("?" * len(file_ids))
    rows = connection.execute(
        f"SELECT {UPLOAD} AND id IN ({marks}) AND uploads.owner = ? AND request_id IS NULL", (*file_ids, owner)
    )
    return [file_of(row) for row in rows]


def remove(connection: Connection, file_ids: list[str]) -> bool:
    """Whether there was something to remove."""
    for owner in _owners(connection, file_ids):
        blobs.hold_owner(connection, owner)
    gone = [row for file_id in file_ids if (row := _deleted(connection, file_id))]
    for blob in {blob for _, blob in gone}:
        if connection.execute("SELECT 1 FROM uploads WHERE blob = ?", (blob,)).fetchone() is None:
            blobs.drop(connection, blob)
    # Last: until this is committed, others who remove something wait for the next number.
    connection.executemany("INSERT INTO removals (file_id) VALUES (?)", [(file_id,) for file_id, _ in gone])
    return bool(gone)


def _owners(connection: Connection, file_ids: list[str]) -> list[str]:
    """In one order for all: of two who hold several, neither waits for the other."""
    owners = set()
    for file_id in file_ids:
        row = connection.execute("SELECT owner FROM uploads WHERE id = ?", (file_id,)).fetchone()
        owners |= {row["owner"]} if row else set()
    return sorted(owners)


def _deleted(connection: Connection, file_id: str) -> Row | None:
    found: Row | None = connection.execute(
        "DELETE FROM uploads WHERE id = ? AND request_id IS NULL RETURNING id, blob", (file_id,)
    ).fetchone()
    return found


def erase(connection: Connection, owner: str) -> bool:
    """Remove all of a person's, and keep nothing more. Whether there was something."""
    blobs.hold_owner(connection, owner)
    connection.execute("INSERT INTO erased (owner) VALUES (?) ON CONFLICT DO NOTHING", (owner,))
    resumable_uploads.remove_all_of(connection, owner)
    rows = connection.execute("SELECT id FROM uploads WHERE owner = ? AND request_id IS NULL", (owner,)).fetchall()
    return remove(connection, [file_id for (file_id,) in rows])


def _deleted_files_after(connection: Connection, number: int, limit: int) -> list[DeletedFile]:
    rows = connection.execute(
        "SELECT number, file_id FROM removals WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
    )
    return [DeletedFile(*row) for row in rows]


def file_of(row: Row) -> File:
    fields = dict(zip(row.keys(), row, strict=True))
    flags = {name: bool(fields[name]) for name in ("cleaned", "has_thumbnail")}
    return File(**{**fields, **flags, "removed": tuple(fields["removed"].split())})
