"""A real PostgreSQL of a run's own, with a fresh database for each test."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from launcher.temporary_postgres import NotInstalled, TemporaryPostgres

# As quick as it gets: what it promises about the disk is not what these tests are about. A service asks for what it
# needs itself (`synchronous_commit`).
_OPTIONS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_senders": "0",
    "shared_buffers": "16MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}


class Postgres(TemporaryPostgres):
    def __init__(self, **options: str) -> None:
        super().__init__(options={**_OPTIONS, **options})

    def make_database(self, name: str) -> None:
        """By a connection: `createdb` takes longer than most tests."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as session:
            session.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())


@contextmanager
def running_postgres(**options: str) -> Iterator[Postgres]:
    """Skips the test where PostgreSQL is not installed."""
    try:
        made = Postgres(**options)
    except NotInstalled as error:
        pytest.skip(str(error))
    with closing(made) as server:
        server.start()
        yield server
