"""Files as they are kept, and which are gone."""

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
        return await self._database.read(_find, file_id)

    async def list_of(self, owner: str, *, before: int | None, limit: int) -> list[File]:
        """Newest first, those before a `number`."""
        return await self._database.read(_list_of, owner, before, limit)

    async def used_bytes(self, owner: str) -> int:
        return await self._database.read(blobs.used_bytes, owner)

    async def find_owned(self, owner: str, file_ids: list[str]) -> list[File]:
        """Those of the files that the person owns."""
        return await self._database.read(_find_owned, owner, file_ids)

    async def remove(self, file_ids: list[str]) -> bool:
        """Whether there was something to remove."""
        return await self._database.write(_remove, file_ids)

    async def erase(self, owner: str) -> bool:
        """Remove all of a person's, and keep nothing more. Whether there was something."""
        return await self._database.write(_erase, owner)

    async def deleted_files_after(self, number: int, limit: int) -> list[DeletedFile]:
        return await self._database.read(_deleted_files_after, number, limit)

    # Lists of other services

    async def list_position(self, name: str) -> int:
        """The number of the last entry of the list that was dealt with."""
        return await self._database.read(_list_position, name)

    async def put_list_position(self, name: str, number: int) -> None:
        await self._database.write(_put_list_position, name, number)


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


def _find_owned(connection: Connection, owner: str, file_ids: list[str]) -> list[File]:
    marks = ", ".join("?" * len(file_ids))
    rows = connection.execute(
        f"SELECT {UPLOAD} AND id IN ({marks}) AND uploads.owner = ? AND request_id IS NULL", (*file_ids, owner)
    )
    return [file_of(row) for row in rows]


def _remove(connection: Connection, file_ids: list[str]) -> bool:
    gone = [row for file_id in file_ids if (row := _deleted(connection, file_id))]
    connection.executemany("INSERT INTO removals (file_id) VALUES (?)", [(file_id,) for file_id, _ in gone])
    for blob in {blob for _, blob in gone}:
        if connection.execute("SELECT 1 FROM uploads WHERE blob = ?", (blob,)).fetchone() is None:
            blobs.drop(connection, blob)
    return bool(gone)


def _deleted(connection: Connection, file_id: str) -> Row | None:
    found: Row | None = connection.execute(
        "DELETE FROM uploads WHERE id = ? AND request_id IS NULL RETURNING id, blob", (file_id,)
    ).fetchone()
    return found


def _erase(connection: Connection, owner: str) -> bool:
    connection.execute("INSERT INTO erased (owner) VALUES (?) ON CONFLICT DO NOTHING", (owner,))
    resumable_uploads.remove_all_of(connection, owner)
    rows = connection.execute("SELECT id FROM uploads WHERE owner = ? AND request_id IS NULL", (owner,)).fetchall()
    return _remove(connection, [file_id for (file_id,) in rows])


def _deleted_files_after(connection: Connection, number: int, limit: int) -> list[DeletedFile]:
    rows = connection.execute(
        "SELECT number, file_id FROM removals WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
    )
    return [DeletedFile(*row) for row in rows]


def _list_position(connection: Connection, name: str) -> int:
    row = connection.execute("SELECT number FROM followed WHERE list = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _put_list_position(connection: Connection, name: str, number: int) -> None:
    connection.execute(
        "INSERT INTO followed (list, number) VALUES (?, ?) ON CONFLICT (list) DO UPDATE SET number = excluded.number",
        (name, number),
    )


def file_of(row: Row) -> File:
    fields = dict(zip(row.keys(), row, strict=True))
    flags = {name: bool(fields[name]) for name in ("cleaned", "has_thumbnail")}
    return File(**{**fields, **flags, "removed": tuple(fields["removed"].split())})
