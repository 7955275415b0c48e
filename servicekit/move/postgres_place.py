"""A PostgreSQL database, with a schema for each service."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

import psycopg
from psycopg import errors, sql

from servicekit.move.services import CannotMove, Service
from servicekit.move.stores import NOT_COPIED, AnyRow, Table
from servicekit.postgres_database import ServerAway
from servicekit.postgres_schema import CONNECT_S_MAX, bring_up_to_date

IN_USE_S_MAX = 5
ROWS_AT_ONCE = 1000
ROWS_WITH_BYTES_AT_ONCE = 8  # one may have 512 KiB
Session: TypeAlias = psycopg.Connection[tuple[Any, ...]]


class PostgresPlace:
    engine = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def opened(self, service: Service) -> Iterator["PostgresStore | None"]:
        with self._session(service) as session:
            names = _relations(session, service.name)
            if not names:
                yield None
                return
            if not {"schema_version", "store"} <= names:
                raise CannotMove(f"the schema {service.name} is not of Parley")
            session.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(service.name)))
            _take_alone(session, service)
            version = _one(session, "SELECT number FROM schema_version")
            service.check_version(f"the schema {service.name}", self.engine, version)
            yield PostgresStore(session, service.name)

    @contextmanager
    def making(self, service: Service) -> Iterator["PostgresStore"]:
        with self._session(service) as session:
            if bring_up_to_date(session, service.name, service.migrations).before:
                raise CannotMove(f"the schema {service.name} was made meanwhile")
            yield PostgresStore(session, service.name)

    @contextmanager
    def _session(self, service: Service) -> Iterator[Session]:
        """In one transaction, which is committed when the body ends without raising."""
        try:
            with psycopg.connect(self._url, connect_timeout=CONNECT_S_MAX) as session:
                session.execute(_WITHOUT_HURRY)
                yield session
        except psycopg.OperationalError as error:
            raise ServerAway(f"PostgreSQL does not answer: {_in_one_line(error)}") from error
        except psycopg.Error as error:
            raise CannotMove(f"the schema {service.name}: {_in_one_line(error)}") from error


class PostgresStore:
    def __init__(self, session: Session, schema: str) -> None:
        self._session = session
        self._schema = schema
        self._types: dict[str, dict[str, str]] = {}
        for table, column, kind in session.execute(_COLUMNS, (schema,)).fetchall():
            self._types.setdefault(table, {})[column] = kind
        self._keys: dict[str, list[str]] = {}
        for table, column in session.execute(_KEYS, (schema,)).fetchall():
            self._keys.setdefault(table, []).append(column)

    @property
    def id(self) -> str:
        return str(_one(self._session, "SELECT id FROM store"))

    def tables(self) -> dict[str, Table]:
        order = TopologicalSorter[str](dict.fromkeys(sorted(self._types), ()))
        for table, referred in self._session.execute(_REFERENCES, (self._schema,)).fetchall():
            order.add(table, referred)
        return {name: self._table(name) for name in order.static_order() if name not in NOT_COPIED}

    def _table(self, name: str) -> Table:
        columns = list(self._types[name])
        return Table(columns, self._keys.get(name) or columns)

    def rows(self, table: str, columns: Sequence[str], key: Sequence[str]) -> Generator[AnyRow]:
        types = self._types[table]
        shown = [
            sql.SQL("{}::INTEGER" if types[one] == "boolean" else "{}").format(sql.Identifier(one)) for one in columns
        ]
        order = [sql.SQL('{} COLLATE "C"' if types[one] == "text" else "{}").format(sql.Identifier(one)) for one in key]
        query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(
            sql.SQL(", ").join(shown), sql.Identifier(table), sql.SQL(", ").join(order)
        )
        with self._session.cursor(name="moving") as cursor:
            cursor.itersize = ROWS_WITH_BYTES_AT_ONCE if "bytea" in types.values() else ROWS_AT_ONCE
            yield from cursor.execute(query)

    def last_numbers(self) -> Mapping[str, int]:
        """Of the numbered lists, and of the tables that have an identity."""
        numbers = dict(self._session.execute("SELECT list, number FROM counters").fetchall())
        given = "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s)::regclass)"
        for table, column in self._identities().items():
            if (last := _one(self._session, given, (self._qualified(table), column))) is not None:
                numbers[table] = last
        return numbers

    def clear(self, tables: Sequence[str]) -> None:
        for table in reversed(tables):
            self._session.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))

    def put(self, table: str, columns: Sequence[str], rows: Iterable[AnyRow]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._session.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                if any(isinstance(value, str) and "\0" in value for value in row):
                    raise _holds_nul(table, self._table(table).key, dict(zip(columns, row, strict=True)))
                copy.write_row(row)

    def go_on_above(self, numbers: Mapping[str, int]) -> None:
        identities, tables = self._identities(), self.tables()
        for table, column in identities.items():
            highest = max(numbers.get(table, 0), self._highest(table, column))
            if highest:
                sequence = "SELECT setval(pg_get_serial_sequence(%s, %s), %s)"
                self._session.execute(sequence, (self._qualified(table), column, highest))
        for table in set(numbers) & set(tables) - set(identities):
            highest = max(numbers[table], self._highest(table, tables[table].key[0]))
            self._session.execute("INSERT INTO counters (list, number) VALUES (%s, %s)", (table, highest))

    def execute(self, statement: str) -> None:
        self._session.execute(statement.encode())

    def _identities(self) -> dict[str, str]:
        found: dict[str, str] = dict(self._session.execute(_IDENTITIES, (self._schema,)).fetchall())
        return {table: column for table, column in found.items() if table not in NOT_COPIED}

    def _highest(self, table: str, column: str) -> int:
        query = sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(table))
        return int(_one(self._session, query) or 0)

    def _qualified(self, table: str) -> str:
        """As `pg_get_serial_sequence` parses it."""
        return sql.Identifier(self._schema, table).as_string(self._session)


# One side waits while the other is read or written.
_WITHOUT_HURRY = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
_RELATIONS = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s))"
_COLUMNS = """
    SELECT relname, attname, format_type(atttypid, NULL) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    ORDER BY relname, attnum"""
_KEYS = """
    SELECT relname, attname FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (number, place)
    JOIN pg_attribute ON attrelid = indrelid AND attnum = part.number
    WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND indisprimary ORDER BY relname, place"""
_REFERENCES = """
    SELECT referring.relname, referred.relname FROM pg_constraint
    JOIN pg_class AS referring ON referring.oid = conrelid JOIN pg_class AS referred ON referred.oid = confrelid
    WHERE contype = 'f' AND connamespace = to_regnamespace(quote_ident(%s)) AND conrelid <> confrelid"""
_IDENTITIES = """
    SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND attidentity <> '' AND NOT attisdropped"""
_SESSIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = %s"""


def _one(session: Session, query: Any, parameters: Sequence[Any] = ()) -> Any:
    row = session.execute(query, parameters or None).fetchone()
    assert row is not None
    return row[0]


def _relations(session: Session, schema: str) -> set[str]:
    return {name for (name,) in session.execute(_RELATIONS, (schema,)).fetchall()}


def _take_alone(session: Session, service: Service) -> None:
    """Until the end of the transaction nobody writes; a service that starts meanwhile waits."""
    in_use = CannotMove(f"the schema {service.name} is in use: stop the {service.name} service first")
    tables = session.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (service.name,)).fetchall()
    names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
    session.execute(f"SET LOCAL lock_timeout = '{IN_USE_S_MAX}s'".encode())
    try:
        session.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(names))
    except errors.LockNotAvailable:
        raise in_use from None
    if _one(session, _SESSIONS, (f"parley {service.name}",)):
        raise in_use


def _holds_nul(table: str, key: Sequence[str], row: Mapping[str, Any]) -> CannotMove:
    """No service takes such a text, and what it should be instead is not for us to say."""
    column = next(name for name, value in row.items() if isinstance(value, str) and "\0" in value)
    where = " AND ".join(f"{name} = {row[name]!r}" for name in key)
    return CannotMove(
        f"a text in {table}.{column} holds a NUL, which PostgreSQL's texts cannot; it is the row WHERE {where}. "
        "Put another text there first"
    )


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
