"""A data folder, with an SQLite file for each service."""

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from servicekit import sqlite_file
from servicekit.move.services import CannotMove, Service
from servicekit.move.stores import NOT_COPIED, AnyRow, Table
from servicekit.startup_errors import make_private_folder

IN_USE_S_MAX = 2.0


class SqlitePlace:
    engine = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def opened(self, service: Service) -> Iterator["SqliteStore | None"]:
        path = self._path(service)
        if not path.exists():
            yield None
            return
        with _telling(path), closing(_connection(path)) as connection:
            _take_alone(connection, path, service)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            service.check_version(str(path), self.engine, version)
            yield SqliteStore(connection)

    @contextmanager
    def making(self, service: Service) -> Iterator["SqliteStore"]:
        """Beside its place, which it takes when all is in it."""
        path = self._path(service)
        unfinished = path.with_name(f"{path.name}.moving")
        make_private_folder(path.parent)
        try:
            _remove(unfinished)  # of a move that was killed
            with _telling(unfinished), closing(_connection(unfinished)) as connection:
                connection.execute("PRAGMA journal_mode = MEMORY")  # nobody reads it before it is whole
                connection.execute("PRAGMA synchronous = OFF")
                sqlite_file.migrate(connection, unfinished, service.migrations)
                connection.execute("BEGIN")
                yield SqliteStore(connection)
                _check_references(connection, path)
                connection.execute("COMMIT")
                connection.execute("PRAGMA journal_mode = WAL")
            _put_in_place(unfinished, path)
        finally:
            _remove(unfinished)

    def _path(self, service: Service) -> Path:
        return self._folder / service.name / service.file


class SqliteStore:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def id(self) -> str:
        return str(self._connection.execute("SELECT id FROM store").fetchone()[0])

    def tables(self) -> dict[str, Table]:
        names = self._connection.execute(
            "SELECT name FROM pragma_table_list"
            " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        ).fetchall()
        return {name: self._table(name) for (name,) in names if name not in NOT_COPIED}

    def _table(self, name: str) -> Table:
        columns = self._connection.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
        key = sorted((pk, column) for column, pk in columns if pk)
        names = [column for column, _ in columns]
        return Table(names, [column for _, column in key] or names)

    def rows(self, table: str, columns: Sequence[str], key: Sequence[str]) -> Generator[AnyRow]:
        yield from self._connection.execute(f"SELECT {_list(columns)} FROM {_name(table)} ORDER BY {_list(key)}")

    def last_numbers(self) -> Mapping[str, int]:
        return dict(self._connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())

    def clear(self, tables: Sequence[str]) -> None:
        for table in tables:
            self.execute(f"DELETE FROM {_name(table)}")

    def put(self, table: str, columns: Sequence[str], rows: Iterable[AnyRow]) -> None:
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {_name(table)} ({_list(columns)}) VALUES ({marks})", rows)

    def go_on_above(self, numbers: Mapping[str, int]) -> None:
        """Other tables than those with AUTOINCREMENT go on above their highest row, as they always did here."""
        numbered = self._connection.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'")
        for (name,) in numbered.fetchall():
            highest = max(numbers.get(name, 0), self.last_numbers().get(name, 0))
            self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
            if highest:
                self._connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, highest))

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)


def _connection(path: Path) -> sqlite3.Connection:
    """Alone, as soon as it reads or writes; references are checked when all is there."""
    connection = sqlite3.connect(path, timeout=IN_USE_S_MAX, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def _take_alone(connection: sqlite3.Connection, path: Path, service: Service) -> None:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
        raise CannotMove(f"{path} is in use: stop the {service.name} service first") from None


def _check_references(connection: sqlite3.Connection, path: Path) -> None:
    if (wrong := connection.execute("PRAGMA foreign_key_check").fetchone()) is not None:
        raise CannotMove(f"{path}: a row of {wrong[0]} refers to one of {wrong[2]} that is not there")


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    with sqlite_file.opening(path):
        try:
            yield
        except sqlite3.Error as error:
            if sqlite_file.refusal_of(error) is not None:
                raise
            raise CannotMove(f"{path}: {error}") from error


def _put_in_place(unfinished: Path, path: Path) -> None:
    _to_disk(unfinished)
    try:
        os.link(unfinished, path)  # where a rename would take the place of what has come meanwhile
    except FileExistsError:
        raise CannotMove(f"{path} was made meanwhile: stop the service, and move the file away") from None
    _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _name(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(_name, names))
