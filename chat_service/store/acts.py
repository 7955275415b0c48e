"""Acts: the numbered list of what moderators did."""

import msgspec

from servicekit.database import Connection, Database


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """`target` is whom it was done to, or the seconds of a slow mode; `room` is empty for a private one."""

    number: int
    actor: str
    act: str
    target: str
    room: str
    at: str


class Acts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_after(self, number: int, limit: int) -> list[Act]:
        return await self._database.read(_list_after, number, limit)


def _list_after(connection: Connection, number: int, limit: int) -> list[Act]:
    rows = connection.execute(
        "SELECT number, actor, act, target, room, at FROM acts WHERE number > ? ORDER BY number LIMIT ?",
        (number, limit),
    )
    return [Act(**dict(zip(row.keys(), row, strict=True))) for row in rows]
