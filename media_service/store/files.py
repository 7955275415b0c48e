"""Files as they are kept: uploads, bytes, thumbnails, and what is gone."""

import msgspec

from media_service.domain.files import Content, File, Picture
from media_service.domain.refusals import QuotaExceeded, TooManyFilesKept
from servicekit.database import Connection, Database, DatabaseError, Row

_WRITTEN_BYTES = 256 * 1024
_NUMBER_MAX = 2**63 - 1
_FILE = "number, id, owner, filename, content_type, sha256, size, width, height, placeholder, removed, created_at"


class NewFile(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be kept."""

    id: str
    owner: str
    filename: str
    sha256: str
    created_at: str
    picture: Picture


class DeletedFile(msgspec.Struct, frozen=True):
    """A file that is gone; `number` grows with each."""

    number: int
    id: str


class FileStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    # Uploads

    async def put(self, upload_id: str, new: NewFile) -> None:
        """Keep a file of an upload that is still going on: nobody sees it yet."""
        await self._database.write(_put, upload_id, new)

    async def finish(self, upload_id: str, owner: str, *, quota_bytes: int, files_max: int) -> list[File]:
        """The upload's files are there from now on; in their order, known ones as they were known before.

        Raises QuotaExceeded or TooManyFilesKept, having changed nothing.
        """
        return await self._database.write(_finish, upload_id, owner, quota_bytes, files_max)

    async def abandon(self, upload_id: str | None = None) -> None:
        """Forget what came with an upload; without an id, with all of them."""
        await self._database.write(_abandon, upload_id)

    # Files

    async def find(self, file_id: str) -> File | None:
        return await self._database.read(_find, file_id)

    async def list_of(self, owner: str, *, before: int | None, limit: int) -> list[File]:
        """Newest first, those before a `number`."""
        return await self._database.read(_list_of, owner, before, limit)

    async def used_bytes(self, owner: str) -> int:
        return await self._database.read(_used_bytes, owner)

    async def find_owned(self, owner: str, file_ids: list[str]) -> list[File]:
        """Those of the files that the person owns."""
        return await self._database.read(_find_owned, owner, file_ids)

    async def remove(self, file_ids: list[str]) -> bool:
        """Whether there was something to remove."""
        return await self._database.write(_remove, file_ids)

    async def remove_all_of(self, owner: str) -> bool:
        return await self._database.write(_remove_all_of, owner)

    async def deleted_files_after(self, number: int, limit: int) -> list[DeletedFile]:
        return await self._database.read(_deleted_files_after, number, limit)

    # Bytes

    async def thumbnail_size(self, file_number: int, side: int) -> int | None:
        """In bytes."""
        return await self._database.read(_thumbnail_size, file_number, side)

    async def piece(self, content: Content, start: int, length: int) -> bytes:
        """Some bytes, without reading those around them; none where the file is gone."""
        return await self._database.read(_piece, content, start, length)

    # Lists of other services

    async def list_position(self, name: str) -> int:
        """The number of the last entry of the list that was dealt with."""
        return await self._database.read(_list_position, name)

    async def put_list_position(self, name: str, number: int) -> None:
        await self._database.write(_put_list_position, name, number)


def _put(connection: Connection, upload_id: str, new: NewFile) -> None:
    picture = new.picture
    (number,) = connection.execute(
        "INSERT INTO files (id, filename, content_type, owner, sha256, size, width, height, placeholder, removed,"
        " created_at, upload_id, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, zeroblob(?)) RETURNING number",
        (
            new.id,
            new.filename,
            picture.content_type,
            new.owner,
            new.sha256,
            len(picture.data),
            picture.width,
            picture.height,
            picture.placeholder,
            " ".join(picture.removed),
            new.created_at,
            upload_id,
            len(picture.data),
        ),
    ).fetchone()
    _write(connection, number, picture.data)
    for side, data in picture.thumbnails.items():
        connection.execute("INSERT INTO thumbnails (file_number, side, data) VALUES (?, ?, ?)", (number, side, data))


def _write(connection: Connection, number: int, data: bytes) -> None:
    """Fill the file's blob by incremental I/O: as a parameter, SQLite would hold the bytes twice more."""
    with connection.blobopen("files", "data", number) as blob:
        for start in range(0, len(data), _WRITTEN_BYTES):
            blob.write(data[start : start + _WRITTEN_BYTES])


def _finish(connection: Connection, upload_id: str, owner: str, quota_bytes: int, files_max: int) -> list[File]:
    found = []
    for number, sha256 in connection.execute(
        "SELECT number, sha256 FROM files WHERE upload_id = ? ORDER BY number", (upload_id,)
    ).fetchall():
        known = connection.execute(
            f"SELECT {_FILE} FROM files WHERE owner = ? AND sha256 = ? AND upload_id IS NULL", (owner, sha256)
        ).fetchone()
        if known is None:
            known = connection.execute(
                f"UPDATE files SET upload_id = NULL WHERE number = ? RETURNING {_FILE}", (number,)
            ).fetchone()
        found.append(_file_of(known))
    _abandon(connection, upload_id)  # what was known before
    if (used_bytes := _used_bytes(connection, owner)) > quota_bytes:
        raise QuotaExceeded(used_bytes, quota_bytes)
    if _has_more_than(connection, owner, files_max):
        raise TooManyFilesKept(files_max)
    return found


def _has_more_than(connection: Connection, owner: str, files_max: int) -> bool:
    query = "SELECT 1 FROM files WHERE owner = ? AND upload_id IS NULL ORDER BY number LIMIT 1 OFFSET ?"
    return connection.execute(query, (owner, files_max)).fetchone() is not None


def _abandon(connection: Connection, upload_id: str | None) -> None:
    connection.execute("DELETE FROM files WHERE upload_id = coalesce(?, upload_id)", (upload_id,))


def _find(connection: Connection, file_id: str) -> File | None:
    row = connection.execute(f"SELECT {_FILE} FROM files WHERE id = ? AND upload_id IS NULL", (file_id,)).fetchone()
    return _file_of(row) if row else None


def _list_of(connection: Connection, owner: str, before: int | None, limit: int) -> list[File]:
    rows = connection.execute(
        f"SELECT {_FILE} FROM files WHERE owner = ? AND upload_id IS NULL AND number < ? ORDER BY number DESC LIMIT ?",
        (owner, _NUMBER_MAX if before is None else before, limit),
    )
    return [_file_of(row) for row in rows]


def _used_bytes(connection: Connection, owner: str) -> int:
    (used,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM files WHERE owner = ? AND upload_id IS NULL", (owner,)
    ).fetchone()
    return int(used)


def _find_owned(connection: Connection, owner: str, file_ids: list[str]) -> list[File]:
    marks = ", ".join("?" * len(file_ids))
    rows = connection.execute(
        f"SELECT {_FILE} FROM files WHERE id IN ({marks}) AND owner = ? AND upload_id IS NULL", (*file_ids, owner)
    )
    return [_file_of(row) for row in rows]


def _remove(connection: Connection, file_ids: list[str]) -> bool:
    removed = 0
    for file_id in file_ids:
        gone = connection.execute("DELETE FROM files WHERE id = ? AND upload_id IS NULL", (file_id,)).rowcount
        if gone:
            connection.execute("INSERT INTO removals (file_id) VALUES (?)", (file_id,))
        removed += gone
    return removed > 0


def _remove_all_of(connection: Connection, owner: str) -> bool:
    rows = connection.execute("SELECT id FROM files WHERE owner = ? AND upload_id IS NULL", (owner,)).fetchall()
    return _remove(connection, [file_id for (file_id,) in rows])


def _deleted_files_after(connection: Connection, number: int, limit: int) -> list[DeletedFile]:
    rows = connection.execute(
        "SELECT number, file_id FROM removals WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
    )
    return [DeletedFile(*row) for row in rows]


def _thumbnail_size(connection: Connection, file_number: int, side: int) -> int | None:
    row = connection.execute(
        "SELECT length(data) FROM thumbnails WHERE file_number = ? AND side = ?", (file_number, side)
    ).fetchone()
    return int(row[0]) if row else None


def _piece(connection: Connection, content: Content, start: int, length: int) -> bytes:
    """A file's bytes by incremental I/O: any other way, SQLite reads all of them for a part."""
    if content.side is not None:
        row = connection.execute(
            "SELECT data FROM thumbnails WHERE file_number = ? AND side = ?", (content.number, content.side)
        ).fetchone()
        return bytes(row[0][start : start + length]) if row else b""
    try:
        with connection.blobopen("files", "data", content.number, readonly=True) as blob:
            blob.seek(start)
            return blob.read(length)
    except DatabaseError:  # its row is gone
        return b""


def _list_position(connection: Connection, name: str) -> int:
    row = connection.execute("SELECT number FROM followed WHERE list = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _put_list_position(connection: Connection, name: str, number: int) -> None:
    connection.execute(
        "INSERT INTO followed (list, number) VALUES (?, ?) ON CONFLICT (list) DO UPDATE SET number = excluded.number",
        (name, number),
    )


def _file_of(row: Row) -> File:
    fields = dict(zip(row.keys(), row, strict=True))
    return File(**{**fields, "removed": tuple(fields["removed"].split())})
