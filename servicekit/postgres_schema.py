"""A schema in PostgreSQL, brought up to date by whoever comes first; the others wait, and find it done."""

import re
import secrets
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from servicekit.migrations import Migrated, scripts
from servicekit.startup_errors import CannotStart

CONNECT_S_MAX = 5
_LOCK = 0x7061726C6579  # "parley": of one schema at a time
# In one way to the server and back.
_OWN_TABLES = b"""
CREATE TABLE IF NOT EXISTS store (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS schema_version (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), number INTEGER);
CREATE TABLE IF NOT EXISTS proofs (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS neighbours (list TEXT COLLATE "C" PRIMARY KEY, store TEXT NOT NULL);
INSERT INTO schema_version (only_row, number) VALUES (1, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS counters (list TEXT COLLATE "C" PRIMARY KEY, number BIGINT NOT NULL);
-- The default of the column that numbers a list. Who numbers waits for who did and has not ended: those who follow
-- the list never see a number before a lower one, as they would with an identity.
CREATE OR REPLACE FUNCTION next_number(of_list TEXT) RETURNS BIGINT LANGUAGE sql AS $$
  INSERT INTO counters (list, number) VALUES (of_list, 1)
  ON CONFLICT (list) DO UPDATE SET number = counters.number + 1 RETURNING number $$;
CREATE OR REPLACE FUNCTION hold(what TEXT) RETURNS INTEGER LANGUAGE sql AS $$
  SELECT 1 FROM pg_advisory_xact_lock(hashtextextended(current_schema() || '/' || what, 0)) $$;
CREATE OR REPLACE FUNCTION try_hold(what TEXT) RETURNS INTEGER LANGUAGE sql AS $$
  SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '/' || what, 0))::INTEGER $$;
"""


def migrate(url: str, schema: str, migrations: Path) -> Migrated:
    """Apply the scripts `postgresql/NNNN_*.sql` above the schema's number, all or none.

    Raises CannotStart where it was made by newer code, and psycopg.OperationalError where nobody answers.
    """
    with psycopg.connect(url, connect_timeout=CONNECT_S_MAX) as session:
        return bring_up_to_date(session, schema, migrations)


def bring_up_to_date(session: psycopg.Connection[tuple[Any, ...]], schema: str, migrations: Path) -> Migrated:
    """The same in the session's transaction, which then is in that schema. Raises CannotStart."""
    known = scripts(migrations / "postgresql")
    session.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    session.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    session.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema)))
    session.execute(_OWN_TABLES)
    version = _number(session, "SELECT number FROM schema_version")
    if version > (newest := max(known)):
        raise CannotStart(
            f"the schema {schema} is of version {version}, and this code knows none above {newest}. "
            "Run the newer code that made it, or restore a backup from before"
        )
    for number, script in known.items():
        if number > version:
            session.execute(_without_comments(script.read_text(encoding="utf-8")).encode())
            session.execute("UPDATE schema_version SET number = %s", (number,))
    session.execute("INSERT INTO store VALUES (1, %s) ON CONFLICT DO NOTHING", (secrets.token_hex(16),))
    row = session.execute("SELECT id FROM store").fetchone()
    assert row is not None
    return Migrated(str(row[0]), version, newest)


def _number(session: psycopg.Connection[tuple[Any, ...]], query: str) -> int:
    row = session.execute(query.encode()).fetchone()
    assert row is not None
    return int(str(row[0]))


def _without_comments(script: str) -> str:
    return re.sub(r"--[^\n]*", "", script)
