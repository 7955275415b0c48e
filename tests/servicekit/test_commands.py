"""`python -m <service> migrate` and `accept`, as an operator runs them, on both engines."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from servicekit.database import Connection
from servicekit.engines import make_database, open_database
from servicekit.migrations import Migrated
from servicekit.startup_errors import EXIT_CANNOT_START, EXIT_FAULT
from tests.postgres import Postgres
from tests.servicekit.installations import FILES, ON_POSTGRESQL, Installation

ROLE = "nobody_in_particular"


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Installation:
    return Installation(tmp_path, database_url)


@pytest.fixture(params=FILES)
def service(request: pytest.FixtureRequest, database_url: str) -> str:
    name = str(request.param)
    if database_url and name not in ON_POSTGRESQL:
        pytest.skip("it has no schema for PostgreSQL")
    return name


def test_migrate_makes_a_store_and_says_from_where_to_where(installation: Installation, service: str) -> None:
    newest = installation.newest(service)
    status, line = installation.run(service, "migrate")
    assert (status, line.rpartition(" was ")[2]) == (0, f"brought up to date: schema 0 to {newest}")
    status, line = installation.run(service, "migrate")
    assert (status, line.rpartition(" is ")[2]) == (0, f"up to date: schema {newest}")
    assert f"schema {service}" in line if installation.database_url else FILES[service] in line


def test_a_schema_newer_than_the_code_is_refused_in_one_line(installation: Installation) -> None:
    installation.run("video", "migrate")
    installation.set_version("video", 99)
    status, line = installation.run("video", "migrate")
    assert status == EXIT_CANNOT_START
    assert " 99, and this code knows none above" in line


async def test_two_that_migrate_at_once_do_it_once(installation: Installation) -> None:
    answers = await asyncio.gather(*(asyncio.to_thread(installation.run, "video", "migrate") for _ in range(3)))
    assert [status for status, _ in answers] == [0, 0, 0]
    assert sorted(" was brought up " in line for _, line in answers) == [False, False, True]


async def test_instances_of_before_go_on_beside_a_migration(
    installation: Installation, tmp_path: Path, database_url: str
) -> None:
    older, newer = tmp_path / "older", tmp_path / "newer"
    for folder in (older, older / "postgresql", newer, newer / "postgresql"):
        folder.mkdir()
        (folder / "0001_notes.sql").write_text("CREATE TABLE notes (id BIGINT PRIMARY KEY)")
    for folder in (newer, newer / "postgresql"):
        (folder / "0002_said.sql").write_text("ALTER TABLE notes ADD COLUMN said TEXT")

    def note(connection: Connection, number: int) -> None:
        connection.execute("INSERT INTO notes (id) VALUES (?)", (number,))

    where = f"{database_url}#notes" if database_url else tmp_path / "notes.db"
    async with open_database(where, older) as database:
        await database.write(note, 1)
        done = make_database(where, newer)
        assert done == Migrated(database.id, 1, 2)
        await database.write(note, 2)
        read = await database.read(lambda connection: connection.execute("SELECT id, said FROM notes").fetchall())
        assert [tuple(row) for row in read] == [(1, None), (2, None)]


def test_a_restored_store_of_chat_begins_another_generation(installation: Installation) -> None:
    installation.run("chat", "migrate")
    status, line = installation.run("chat", "restored")
    assert (status, " begins generation " in line) == (0, True)
    assert installation.run("chat", "restored")[1] != line


def test_a_peer_that_has_forgotten_is_accepted(installation: Installation, service: str) -> None:
    followed = "acts" if service == "auth" else "profiles"
    installation.run(service, "migrate")
    installation.query(service, f"INSERT INTO neighbours (list, store) VALUES ('{followed}', 'lost')")
    assert installation.said(service, "accept", followed)[0] == 0
    assert installation.query(service, "SELECT list, store FROM neighbours") == [(followed, "")]


def test_what_is_no_command_is_refused(tmp_path: Path) -> None:
    for arguments in (("accept", "what"), ("serve",)):
        status, said = Installation(tmp_path, "").said("video", *arguments)
        assert "usage: python -m video_service" in said
        assert status == EXIT_CANNOT_START
    assert not list(tmp_path.iterdir())


def test_where_no_server_is_a_later_try_may_help(tmp_path: Path) -> None:
    nowhere = Installation(tmp_path, f"postgresql://nobody:secret@/none?host={tmp_path}")
    status, line = nowhere.run("auth", "migrate")
    assert (status, line.startswith("auth_service: PostgreSQL does not answer")) == (EXIT_FAULT, True)
    assert "secret" not in line


@pytest.fixture
def without_rights(postgres: Postgres) -> Iterator[str]:
    url = postgres.new_database()
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
        yield url.replace("parley@", f"{ROLE}@")
        session.execute(f"DROP ROLE {ROLE}".encode())


def test_a_role_that_may_not_make_a_schema_is_told_so(tmp_path: Path, without_rights: str) -> None:
    status, line = Installation(tmp_path, without_rights).run("auth", "migrate")
    assert status == EXIT_CANNOT_START
    assert "the schema auth cannot be made or changed: permission denied" in line
