"""A database in a file of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servicekit.sqlite_database import SqliteDatabase, open_sqlite

SCHEMA = """
CREATE TABLE people (name TEXT PRIMARY KEY) STRICT;
CREATE TABLE notes (
    author TEXT NOT NULL REFERENCES people (name) DEFERRABLE INITIALLY DEFERRED,
    words TEXT NOT NULL
) STRICT;
"""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_start.sql").write_text(SCHEMA)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "people.db"


@pytest.fixture
async def database(path: Path, migrations: Path) -> AsyncIterator[SqliteDatabase]:
    async with open_sqlite(path, migrations) as opened:
        yield opened
