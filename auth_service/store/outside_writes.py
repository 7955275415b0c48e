"""How often somebody has written beside the running service."""

from auth_service.store.versions import get_outside_writes
from servicekit.database import Database


class OutsideWritesStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self) -> int:
        return await self._database.read_few(get_outside_writes)
