"""A real PostgreSQL of a run's own, with a fresh database for each test."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from launcher.temporary_postgres import NotInstalled, TemporaryPostgres
from servicekit.postgres_schema import migrate

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
# For one that is killed: a write of 8 KiB may end after 4, and is whole again by the copy in the log.
KILLED = {"full_page_writes": "on"}
_KEPT_MAX = 8
_CONNECTED = "SELECT 1 FROM pg_stat_activity WHERE datname = %s"


class Postgres(TemporaryPostgres):
    def __init__(self, **options: str) -> None:
        root = os.environ.get("PYTEST_DEBUG_TEMPROOT")  # where all that is a test's is
        super().__init__(within=Path(root) if root else None, options={**_OPTIONS, **options})
        self._templates: set[str] = set()
        self._stores = count(1)
        self._kept: deque[str] = deque()
        self._session: psycopg.Connection | None = None

    def make_database(self, name: str, *, like: str = "template1") -> None:
        self._execute(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")

    def new_store(self, service: str, migrations: Path) -> str:
        """The address of a database in which that service's schema is as before its first start, but for its tables.

        Whoever opens it gives it an id, as if they had made it (as with `new_stores.put_new_store`).
        """
        template = f"with_{service}"
        if template not in self._templates:
            self.make_database(template)
            migrate(self.url(template), service, migrations)
            with psycopg.connect(self.url(template), autocommit=True) as session:
                session.execute(f"DELETE FROM {service}.store".encode())
            self._templates.add(template)
        self._drop_old()
        name = f"store_{next(self._stores)}"
        self.make_database(name, like=template)
        self._kept.append(name)
        return self.url(name)

    def _drop_old(self) -> None:
        """What nobody is connected to any more: at the end of a run all at once would take minutes."""
        if len(self._kept) < _KEPT_MAX:
            return
        name = self._kept.popleft()
        if self._execute(_CONNECTED, (name,)).fetchone():  # looked at first: to refuse it takes the server 5 s
            self._kept.append(name)
            return
        try:
            self._execute(f"DROP DATABASE {name}")
        except psycopg.errors.ObjectInUse:  # by who came in between
            self._kept.append(name)

    def _execute(self, statement: str, parameters: tuple[str, ...] | None = None) -> psycopg.Cursor[Any]:
        """By a connection that is kept: `createdb` takes longer than most tests, and to connect as long as some."""
        if self._session is None or self._session.broken:
            self._session = psycopg.connect(self.url("postgres"), autocommit=True)
        return self._session.execute(statement.encode(), parameters)

    def kill(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
        super().kill()


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
