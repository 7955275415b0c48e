"""Arrivals: who came by an invitation to a room, and is not in it yet."""

import msgspec

from servicekit.database import Connection, Database

LISTED_MAX = 100


class Arrival(msgspec.Struct, frozen=True):
    username: str
    room: str
    inviter: str | None


class Arrivals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_open(self) -> list[Arrival]:
        return await self._database.read(_list_open)

    async def finish(self, username: str) -> None:
        await self._database.write(_finish, username)


def take_arrival(connection: Connection, username: str) -> bool:
    """Whether they were still to be brought in; they no longer are."""
    return connection.execute("DELETE FROM arrivals WHERE username = ?", (username,)).rowcount == 1


def _list_open(connection: Connection) -> list[Arrival]:
    rows = connection.execute("SELECT username, room, inviter FROM arrivals ORDER BY username LIMIT ?", (LISTED_MAX,))
    return [Arrival(*row) for row in rows]


def _finish(connection: Connection, username: str) -> None:
    take_arrival(connection, username)
