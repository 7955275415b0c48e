"""Totals: how much there is in the store."""

from servicekit.database import Connection, Database


class Totals:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> dict[str, int]:
        """`messages` is the highest id that one has: how many were ever written, about. Raises TookTooLong."""
        return await self._database.read_long("", _count)


def _count(connection: Connection) -> dict[str, int]:
    queries = {
        "rooms": "SELECT count(*) FROM rooms",
        "messages": "SELECT coalesce(max(id), 0) FROM messages",
        "reports_open": "SELECT count(*) FROM reports WHERE state = 'open'",
    }
    return {name: int(connection.execute(query).fetchone()[0]) for name, query in queries.items()}
