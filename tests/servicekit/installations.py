"""An installation on either engine, and the commands of its operator as processes."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg

from launcher.processes import REPOSITORY
from servicekit.migrations import scripts

FILES = {"auth": "users.db", "chat": "chat.db", "media": "files.db", "video": "streams.db"}
ON_POSTGRESQL = [name for name in FILES if scripts(REPOSITORY / f"{name}_service" / "migrations" / "postgresql")]


class Installation:
    """A data folder, or a database, and the commands of its services."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url

    def start(self, service: str, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PARLEY_DATA_DIR": str(self.folder), "PARLEY_DATABASE_URL": self.database_url}
        command = [sys.executable, "-m", f"{service}_service", *arguments]
        return subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, service: str, *arguments: str) -> tuple[int | None, str]:
        return ended(self.start(service, *arguments))

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


def ended(process: subprocess.Popen[str]) -> tuple[int | None, str]:
    """Its status, and the one line that it said."""
    out, err = process.communicate(timeout=50)
    (line,) = (out + err).splitlines()
    return process.returncode, line
