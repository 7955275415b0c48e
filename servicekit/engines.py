"""The engines that can keep a store: SQLite in a file, or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from servicekit import sqlite_file
from servicekit.database import USUAL_LONG_READS, Database, LongReads
from servicekit.migrations import Migrated
from servicekit.sqlite_database import open_sqlite


@asynccontextmanager
async def open_database(
    where: Path | str,
    migrations: Path,
    *,
    disk_free_bytes_min: int = 0,
    long_reads: LongReads = USUAL_LONG_READS,
) -> AsyncIterator[Database]:
    """Open an SQLite file, or the schema at a `postgresql://…#schema`, with its tables brought up to date.

    Raises CannotStart where that will never do, and NotStored where it may in a while.
    """
    if isinstance(where, Path):
        opening = open_sqlite(where, migrations, disk_free_bytes_min=disk_free_bytes_min, long_reads=long_reads)
        async with opening as database:
            yield database
    else:
        from servicekit.postgres_database import open_postgres  # noqa: PLC0415 - 12 MiB that only its users need

        async with open_postgres(where, migrations, long_reads=long_reads) as database:
            yield database


def make_database(where: Path | str, migrations: Path) -> Migrated:
    """Bring its tables up to date, or into being, without opening it for work. Raises as `open_database` does."""
    if isinstance(where, Path):
        return sqlite_file.make(where, migrations)
    from servicekit import postgres_database  # noqa: PLC0415 - the same

    return postgres_database.make(where, migrations)
