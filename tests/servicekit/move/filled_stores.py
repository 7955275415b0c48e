"""A store on SQLite with rows in every table that PostgreSQL has too: whatever their columns, by their types."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from servicekit import sqlite_file
from servicekit.engines import make_database

ROWS = 3  # in each table, but those that have one
LEFT_AS_IT_IS = frozenset({"counters", "proofs", "schema_version", "store"})
VALUES: dict[str, Callable[[str, int], Any]] = {
    "bigint": lambda _, number: number,
    "integer": lambda _, number: number,
    "boolean": lambda _, number: number % 2,
    "double precision": lambda _, number: number + 1 / 3,
    "text": lambda name, number: f"{name} {number} \\ \t é 😀\n",
    "bytea": lambda _, number: bytes([number, 0, 255, 92]),
}


def fill(file: Path, service: str, migrations: Path, *, like: str) -> None:
    """Rows of one number refer to each other; what had the highest is gone. `like` is an empty database."""
    make_database(f"{like}#{service}", migrations)
    sqlite_file.make(file, migrations)
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, columns in _tables(connection, like, service).items():
            marks = ", ".join("?" * len(columns))
            connection.execute(f"DELETE FROM {table}")
            for number in (1,) if "only_row" in columns else range(1, ROWS + 2):
                row = [VALUES[kind](f"{table} {column}", number) for column, kind in columns.items()]
                connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", row)
            if "only_row" not in columns:
                connection.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")


def _tables(connection: sqlite3.Connection, like: str, service: str) -> dict[str, dict[str, str]]:
    """The columns that both have, and their types there."""
    of_sqlite = connection.execute(
        "SELECT tables.name, columns.name FROM pragma_table_list AS tables"
        " JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"
    ).fetchall()
    query = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name) WHERE table_schema = %s AND table_type = 'BASE TABLE' ORDER BY 1"
    )
    found: dict[str, dict[str, str]] = {}
    with psycopg.connect(like) as session:
        for table, column, kind in session.execute(query, (service,)).fetchall():
            if table not in LEFT_AS_IT_IS and (table, column) in of_sqlite:
                found.setdefault(table, {})[column] = kind
    return found


def dump(file: Path) -> dict[str, list[Any]]:
    """Every row of every table, and the numbers that were given."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        tables = [name for (name,) in found if name not in {"proofs", "sqlite_schema"}]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}
