"""An SQLite file: opened in WAL mode with its schema brought up to date, or a clear word why not."""

import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from servicekit import texts
from servicekit.database import DatabaseError
from servicekit.migrations import Migrated, scripts
from servicekit.problems import NotStored
from servicekit.startup_errors import CannotStart, make_private_folder

LOCK_WAIT_MS_MAX = 10_000
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_OF_THE_DISK = _DAMAGED | {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
# What every store has beside the tables of its service: its own name, and which stores gave the lists that it copies.
_OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS store (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS proofs (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS neighbours (list TEXT PRIMARY KEY, store TEXT NOT NULL)",
    "CREATE VIEW IF NOT EXISTS counters AS SELECT name AS list, seq AS number FROM sqlite_sequence",
)


class DiskRefused(NotStored, DatabaseError):
    """What SQLite says when it is the disk's doing, or the file's, and not ours."""


class StoreDamaged(DiskRefused, CannotStart):
    """No later try can help: the file has to be replaced."""


class FileInPlace:
    """Whether what was opened still is the file of that name: what is written to another one is lost, and no error.

    Somebody may have removed the folder, or restored a backup, while a service runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = self._identity()

    def check(self) -> None:
        """Raises DiskRefused."""
        try:
            is_it = self._identity() == self._opened
        except OSError:
            is_it = False
        if not is_it:
            raise DiskRefused("Nothing was stored: the store was moved or removed. Put it back, or start again.")

    def _identity(self) -> tuple[int, int]:
        found = os.stat(self._path)  # noqa: PTH116 - as a Path it takes twice the time, with each transaction
        return found.st_dev, found.st_ino


def make(path: Path, migrations: Path) -> Migrated:
    """Bring the file at `path` up to date, or into being, with its folder. Raises as `opening` does."""
    make_private_folder(path.parent)
    with opening(path), closing(connect(path)) as connection:
        return migrate(connection, path, migrations)


def connect_reader(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Raises CannotStart where that will never do, and DiskRefused where it may in a while."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise CannotStart(
                f"{path} is damaged, or no database ({error}). Move it away, and restore it from a backup"
            ) from error
        if _code(error) in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
            raise CannotStart(
                f"{path} cannot be opened for writing ({error}). It and its folder must belong to whoever runs Parley"
            ) from error
        raise refusal_of(error) or error from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is none that SQLite could go on with."""
    return _code(error) in _DAMAGED


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where the error is Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def refusal_of(error: sqlite3.Error) -> DiskRefused | None:
    """None where the mistake is ours."""
    if is_damage(error):
        return StoreDamaged(f"The store is damaged ({error}): it has to be restored from a backup.")
    return DiskRefused(f"Nothing was stored: {error}.") if _code(error) in _OF_THE_DISK else None


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=LOCK_WAIT_MS_MAX / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.row_factory = sqlite3.Row
    for name in ("hold", "try_hold"):  # whoever writes holds the whole file
        connection.create_function(name, 1, lambda _: 1)
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """SQLite's own waiting does not cover this switch: another process that opens a new file at once is in its way."""
    deadline_s = monotonic() + LOCK_WAIT_MS_MAX / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} or monotonic() > deadline_s:
                raise
            sleep(0.005)


def migrate(connection: sqlite3.Connection, path: Path, migrations: Path) -> Migrated:
    """Apply the scripts `NNNN_*.sql` whose number is above the file's `user_version`, all or none.

    They may call what `servicekit.texts` knows of texts.
    """
    for function in (texts.as_one_line, texts.folded, texts.is_visible):
        connection.create_function(function.__name__, 1, function, deterministic=True)
    connection.execute("BEGIN EXCLUSIVE")  # instances that start together take turns
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    known = scripts(migrations)
    if version > (newest := max(known)):
        raise CannotStart(
            f"{path} has schema {version}, and this code knows none above {newest}. "
            "Run the newer code that made it, or restore a backup from before"
        )
    for number, script in known.items():
        if number <= version:
            continue
        for statement in _statements(script.read_text(encoding="utf-8")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    store = _own_tables(connection)
    connection.execute("COMMIT")
    return Migrated(store, version, newest)


def _own_tables(connection: sqlite3.Connection) -> str:
    for statement in _OWN_TABLES:
        connection.execute(statement)
    connection.execute("INSERT OR IGNORE INTO store VALUES (1, ?)", (secrets.token_hex(16),))
    (store,) = connection.execute("SELECT id FROM store").fetchone()
    return str(store)


def _statements(script: str) -> list[str]:
    """The statements of a script; complete by SQLite's own judgement, so that triggers stay whole."""
    statements, pending = [], ""
    for part in re.split(r"(?<=;)", script):
        pending += part
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return [*statements, pending] if pending.strip() else statements  # the last one may lack its semicolon
