"""Looking into the store of a media service, whichever engine keeps it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from servicekit.postgres_connection import PostgresConnection


class Store:
    """That of a data folder, or the schema `media` of a database."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.path = folder / "media" / "files.db"
        self.database_url = database_url

    def query(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self.opened() as connection:
            return [tuple(row) for row in connection.execute(statement, parameters).fetchall()]

    def count(self, rows: str) -> int:
        """How many there are of `table`, or of `table WHERE …`."""
        return int(self.query(f"SELECT count(*) FROM {rows}")[0][0])

    def refuse_rows(self, table: str) -> None:
        """From now on it takes no new ones."""
        with self.opened() as connection:
            if self.database_url:
                connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT no_more CHECK (FALSE) NOT VALID")
            else:
                connection.execute(
                    f"CREATE TRIGGER no_more BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no more'); END"
                )

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """A connection whose statements are committed at the end."""
        if self.database_url:
            with closing(PostgresConnection(self.database_url, "media")) as connection, connection.transaction():
                yield connection
        else:
            with closing(sqlite3.connect(self.path)) as file, file:
                yield file
