"""Quiet hours, by whose they are."""

from chat_service.domain import quiet_hours
from chat_service.domain.quiet_hours import NO_QUIET_HOURS
from chat_service.store.erasures import check_not_erased
from servicekit.database import Connection, Database


class QuietHours:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, username: str) -> quiet_hours.QuietHours:
        return await self._database.read_few(_get, username)

    async def put(self, username: str, wanted: quiet_hours.QuietHours) -> None:
        await self._database.write(_put, username, wanted)


def _get(connection: Connection, username: str) -> quiet_hours.QuietHours:
    row = connection.execute(
        "SELECT starts, ends, time_zone FROM quiet_hours WHERE username = ?", (username,)
    ).fetchone()
    return quiet_hours.QuietHours(*row) if row else NO_QUIET_HOURS


def _put(connection: Connection, username: str, wanted: quiet_hours.QuietHours) -> None:
    check_not_erased(connection, username)
    connection.execute("DELETE FROM quiet_hours WHERE username = ?", (username,))
    if wanted != NO_QUIET_HOURS:
        connection.execute(
            "INSERT INTO quiet_hours (username, starts, ends, time_zone) VALUES (?, ?, ?, ?)",
            (username, wanted.starts, wanted.ends, wanted.time_zone),
        )
