"""An installation on either engine, and the commands of its operator as processes."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

from launcher.processes import REPOSITORY
from servicekit.migrations import scripts
from tests.fork_server import run

FILES = {"auth": "users.db", "chat": "chat.db", "media": "files.db", "video": "streams.db"}
ON_POSTGRESQL = [name for name in FILES if scripts(REPOSITORY / f"{name}_service" / "migrations" / "postgresql")]


class Installation:
    """A data folder, or a database, and the commands of its services."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url

    def run(self, service: str, *arguments: str) -> tuple[int, str]:
        """Its status, and the one line that it said."""
        status, said = self.said(service, *arguments)
        (line,) = said.splitlines()
        return status, line

    def said(self, service: str, *arguments: str) -> tuple[int, str]:
        """Its status, and all that it said."""
        environment = {**os.environ, "PARLEY_DATA_DIR": str(self.folder), "PARLEY_DATABASE_URL": self.database_url}
        status, out, err = run(f"{service}_service", arguments, environment)
        return status, out + err

    def newest(self, service: str) -> int:
        folder = REPOSITORY / f"{service}_service" / "migrations"
        return max(scripts(folder / "postgresql" if self.database_url else folder))

    def where(self, service: str) -> Path | str:
        return f"{self.database_url}#{service}" if self.database_url else self.folder / service / FILES[service]

    def query(self, service: str, statement: str) -> list[tuple[object, ...]]:
        if self.database_url:
            with psycopg.connect(self.database_url, options=f"-c search_path={service}") as session:
                cursor = session.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        with closing(sqlite3.connect(self.folder / service / FILES[service])) as connection, connection:
            return connection.execute(statement).fetchall()

    def set_version(self, service: str, number: int) -> None:
        statement = "UPDATE schema_version SET number = {}" if self.database_url else "PRAGMA user_version = {}"
        self.query(service, statement.format(number))
