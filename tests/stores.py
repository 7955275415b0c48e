"""A service's store, looked into beside the service, on whichever engine it stands."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import pytest

from servicekit import sqlite_file
from servicekit.postgres_connection import PostgresConnection

# For what has no part in the store, or none that differs between the engines and is not tested on both elsewhere.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_WAITING = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def opened_store(where: Path | str) -> Iterator[Any]:
    """A connection of one's own, where each statement is a transaction."""
    opened = sqlite_file.connect(where) if isinstance(where, Path) else PostgresConnection(*urldefrag(where))
    with closing(opened) as connection:
        yield connection


@contextmanager
def locked_store(where: Path | str, *tables: str) -> Iterator[Callable[[], bool]]:
    """Nobody else can write there: to the file, or to those tables. What is told: whether somebody waits for it.

    For a file nobody can tell; and what they do there they begin after it.
    """
    with opened_store(where) as connection:
        if isinstance(where, Path):
            connection.execute("BEGIN IMMEDIATE")
            yield lambda: True
        else:
            connection.execute("BEGIN")
            connection.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")
            yield lambda: bool(connection.execute(_WAITING).fetchone()[0])
        connection.execute("ROLLBACK")


def refuse(store: Any, step: str, *, when: str = "true") -> None:
    """From now on the disk refuses that step (`INSERT ON messages`, say), of rows that hold the condition."""
    if isinstance(store, PostgresConnection):
        store.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'no space left on the device' USING ERRCODE = 'disk_full'; END $$"
        )
        store.execute(f"CREATE TRIGGER refusing BEFORE {step} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse()")
    else:
        message = "SELECT raise(ROLLBACK, 'database or disk is full');"
        store.execute(f"CREATE TRIGGER refusing BEFORE {step} WHEN {when} BEGIN {message} END")


def allow(store: Any, table: str) -> None:
    """Again."""
    store.execute(f"DROP TRIGGER refusing{f' ON {table}' if isinstance(store, PostgresConnection) else ''}")
