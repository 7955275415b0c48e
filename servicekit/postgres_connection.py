"""A PostgreSQL connection that a store's statements run on as they are. The home of psycopg.

Stores have one text of SQL, with SQLite's marks for parameters; it is translated once for each text.
"""

import re
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.adapt import Dumper

CONNECT_S_MAX = 5
# As long as SQLite waits for another one that writes.
LOCK_WAIT_S_MAX = 10
# A server that is gone without a word is noticed (seconds, and milliseconds for what was sent).
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# By one statement, and by none of what is sent at the start, of which PgBouncer knows little. What is acknowledged is
# on the server's disk, also where it is set up to say so earlier.
_SET_UP = (
    "SELECT set_config('search_path', quote_ident(%s), false), set_config('lock_timeout', %s, false),"
    " set_config('statement_timeout', %s, false), CASE current_setting('synchronous_commit')"
    " WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END"
)
_MARKS = re.compile(r"'(?:[^']|'')*'|::|\?|:([a-z_]\w*)|%", re.IGNORECASE)
Parameters = Sequence[Any] | Mapping[str, Any]


class _BoolDumper(Dumper):
    """True is 1, as in SQLite."""

    oid = psycopg.adapters.types["int2"].oid

    def dump(self, obj: bool) -> bytes:  # noqa: FBT001 - psycopg calls it
        return b"1" if obj else b"0"


class Row(tuple[Any, ...]):
    """A row whose columns have places and names, as SQLite's."""

    __slots__ = ()
    names: Sequence[str] = ()

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> Sequence[str]:
        return self.names


def _rows(cursor: Any) -> type[Row]:
    return _row_type(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=512)
def _row_type(names: tuple[str, ...]) -> type[Row]:
    return type("Row", (Row,), {"__slots__": (), "names": names})


class PostgresConnection:
    """One session, in the schema of its service. Not for two threads at once."""

    def __init__(
        self, url: str, schema: str, *, statement_s_max: float = 0, lock_s_max: float = LOCK_WAIT_S_MAX
    ) -> None:
        """Raises psycopg.OperationalError."""
        self.has_answered = False  # since it was taken
        self._session = psycopg.connect(
            url,
            autocommit=True,
            row_factory=_rows,
            connect_timeout=CONNECT_S_MAX,
            **_KEEPALIVE,
            fallback_application_name=f"parley {schema}",  # as who looks at its sessions sees whose it is
        )
        self._session.adapters.register_dumper(bool, _BoolDumper)
        waits_ms = int(lock_s_max * 1000), int(statement_s_max * 1000)
        self._session.execute(_SET_UP, (schema, *map(str, waits_ms)))

    def execute(self, statement: str, parameters: Parameters = ()) -> psycopg.Cursor[Any]:
        # Answered in binary: bytes would come as twice as many digits, and take five times as long.
        cursor = self._session.execute(translated(statement).encode(), _storable(parameters), binary=True)
        self.has_answered = True
        return cursor

    def executemany(self, statement: str, rows: Sequence[Parameters]) -> None:
        with self._session.cursor() as cursor:
            cursor.executemany(translated(statement).encode(), [_storable(row) for row in rows])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._session.transaction():
            self.has_answered = True
            yield

    @property
    def is_usable(self) -> bool:
        """Not where the server has said something unasked, which is that it ends."""
        return not (self._session.closed or select.select([self._session.fileno()], [], [], 0)[0])

    def close(self) -> None:
        self._session.close()


def _storable(parameters: Parameters) -> Parameters:
    """PostgreSQL's texts hold no NUL, nor do those that a service takes: asked for, it is a character nobody stores."""
    if isinstance(parameters, Mapping):
        return {name: _without_nul(value) for name, value in parameters.items()}
    return [_without_nul(value) for value in parameters]


def _without_nul(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


@lru_cache(maxsize=1024)
def translated(statement: str) -> str:
    """With psycopg's marks: `?` is `%s`, and `:name` is `%(name)s`; literals stay as they are."""
    return _MARKS.sub(_mark, statement)


def _mark(found: re.Match[str]) -> str:
    if found[1]:
        return f"%({found[1]})s"
    return {"?": "%s", "%": "%%"}.get(found[0], found[0].replace("%", "%%"))
