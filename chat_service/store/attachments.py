"""Attachments: which files are in which messages, and which no message needs any more."""

from collections.abc import Sequence

import msgspec

from chat_service.domain.attachments import Attachment, OrphanedFile
from chat_service.store.rows import attachments_of
from servicekit.database import Connection, Database, hold
from servicekit.followed import followed, put_followed

_DELETED_FILES = "removals"
# A message is stored within seconds after media was asked whose its files are.
REMOVED_FILES_REMEMBERED_MAX = 10_000


class Attachments:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def may_see(self, username: str, file_id: str) -> bool:
        """Whether the person is in a conversation where the file is shown."""
        return await self._database.read(_may_see, username, file_id)

    async def orphaned_after(self, number: int, limit: int) -> list[OrphanedFile]:
        """Files that a message showed and none shows now, in the order in which that ended."""
        return await self._database.read(_orphaned_after, number, limit)

    async def deleted_files_followed(self) -> int:
        """The number of the last deleted file that was dealt with."""
        return await self._database.read(_deleted_files_followed)

    async def remove(self, file_ids: Sequence[str], number: int) -> None:
        """These files are gone: no message shows them any more. The last among them has that `number`.

        Noted first, and in a transaction of its own: so a message that is being stored either is found by the second
        one, or finds the note.
        """
        await self._database.write(_note_removed, file_ids, number)
        await self._database.write(_remove, file_ids, number)


def attach(connection: Connection, message_id: int, attachments: Sequence[Attachment]) -> None:
    """Note which files a new message shows, in its own transaction: all but those that were removed meanwhile."""
    hold(connection, _DELETED_FILES)
    rows = [(attachment.id, message_id) for attachment in attachments]
    connection.executemany("INSERT INTO attached (file_id, message_id) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)
    removed = connection.execute(
        "SELECT file_id FROM attached WHERE message_id = ? AND file_id IN (SELECT file_id FROM removed_files)",
        (message_id,),
    ).fetchall()
    for (file_id,) in removed:
        _hide(connection, file_id)


def detach(connection: Connection, messages: str, value: object) -> None:
    """The messages that the SQL condition `messages` finds show no files any more, in the caller's transaction."""
    found = connection.execute(f"SELECT DISTINCT file_id FROM attached WHERE {messages}", (value,)).fetchall()
    if not found:
        return
    connection.executemany("INSERT INTO releases (file_id) VALUES (?)", map(tuple, found))
    connection.execute(
        f"UPDATE messages SET attachments = NULL WHERE id IN (SELECT message_id FROM attached WHERE {messages})",
        (value,),
    )
    connection.execute(f"DELETE FROM attached WHERE {messages}", (value,))


def as_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _may_see(connection: Connection, username: str, file_id: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM attached JOIN messages ON messages.id = message_id"
        " JOIN memberships ON memberships.conversation_id = messages.conversation_id"
        " WHERE file_id = ? AND username = ? LIMIT 1",
        (file_id, username),
    )
    return found.fetchone() is not None


def _orphaned_after(connection: Connection, number: int, limit: int) -> list[OrphanedFile]:
    rows = connection.execute(
        "SELECT number, file_id FROM releases WHERE number > ?"
        " AND NOT EXISTS (SELECT 1 FROM attached WHERE attached.file_id = releases.file_id)"
        " ORDER BY number LIMIT ?",
        (number, limit),
    )
    return [OrphanedFile(*row) for row in rows]


def _deleted_files_followed(connection: Connection) -> int:
    return followed(connection, _DELETED_FILES)


def _note_removed(connection: Connection, file_ids: Sequence[str], number: int) -> None:
    """At 0 another list begins, and what was known by the numbers of the old one is forgotten."""
    hold(connection, _DELETED_FILES)
    connection.executemany(
        "INSERT INTO removed_files (file_id, number) VALUES (?, ?) ON CONFLICT DO NOTHING",
        [(file_id, number) for file_id in file_ids],
    )
    if number:
        connection.execute("DELETE FROM removed_files WHERE number <= ?", (number - REMOVED_FILES_REMEMBERED_MAX,))
    else:
        connection.execute("DELETE FROM removed_files")


def _remove(connection: Connection, file_ids: Sequence[str], number: int) -> None:
    for file_id in file_ids:
        _hide(connection, file_id)
    put_followed(connection, _DELETED_FILES, number)


def _hide(connection: Connection, file_id: str) -> None:
    for message_id, column in connection.execute(
        "SELECT id, attachments FROM messages JOIN attached ON message_id = id WHERE file_id = ?", (file_id,)
    ).fetchall():
        left = [attachment for attachment in attachments_of(column) if attachment.id != file_id]
        connection.execute(
            "UPDATE messages SET attachments = ? WHERE id = ?", (as_json(left) if left else None, message_id)
        )
    connection.execute("DELETE FROM attached WHERE file_id = ?", (file_id,))
