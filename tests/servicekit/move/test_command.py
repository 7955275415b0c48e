"""`python -m servicekit.move`, as an operator runs it, for every service that has a schema on both engines."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from launcher.processes import REPOSITORY
from servicekit import sqlite_file
from servicekit.engines import make_database
from servicekit.move.__main__ import EXIT_INTERRUPTED
from servicekit.startup_errors import EXIT_CANNOT_START, EXIT_FAULT
from tests import fork_server
from tests.postgres import Postgres
from tests.servicekit.installations import FILES, ON_POSTGRESQL, Installation
from tests.servicekit.move.filled_stores import ROWS, dump, fill
from tests.waiting import eventually


def migrations(service: str) -> Path:
    return REPOSITORY / f"{service}_service" / "migrations"


def path(folder: Path, service: str) -> Path:
    return folder / service / FILES[service]


def addresses(*places: str | Path) -> list[str]:
    """As the operator writes them."""
    return [f"sqlite:{one}" if isinstance(one, Path) else one for one in places]


def run(source: str | Path, target: str | Path, *options: str) -> tuple[int, str, str]:
    return fork_server.run("servicekit.move", [*addresses(source, target), *options], os.environ)


def told(output: str) -> dict[tuple[str, str], int]:
    """The rows of the table: how many of which service and table were verified."""
    head, *lines = output.splitlines()
    assert head.split() == ["service", "table", "rows", "verified"]
    cells = [line.split() for line in lines]
    assert {one[3] for one in cells} == {"yes"}
    return {(service, table): int(rows) for service, table, rows, _ in cells}


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def is_made(url: str, service: str) -> bool:
    with psycopg.connect(url) as session:
        return session.execute("SELECT to_regnamespace(%s)", (service,)).fetchone() != (None,)


# There and back


def test_every_service_goes_there_and_back(data: Path, url: str, tmp_path: Path, postgres: Postgres) -> None:
    for service in ON_POSTGRESQL:
        fill(path(data, service), service, migrations(service), like=postgres.new_database())
    before = {service: dump(path(data, service)) for service in ON_POSTGRESQL}
    status, out, err = run(data, url)
    assert status == 0, err
    rows = told(out)
    assert {service for service, _ in rows} == set(ON_POSTGRESQL)
    assert set(rows.values()) == {1, ROWS}
    for service in ON_POSTGRESQL:
        assert "is up to date" in Installation(tmp_path, url).run(service, "migrate")[1]
    status, out, err = run(url, tmp_path / "back")
    assert status == 0, err
    assert told(out) == rows
    for service in ON_POSTGRESQL:
        back = path(tmp_path / "back", service)
        assert {**dump(back), "search_progress": None} == {**before[service], "search_progress": None}
        assert "is up to date" in Installation(tmp_path / "back", "").run(service, "migrate")[1]
        assert "is up to date" in Installation(data, "").run(service, "migrate")[1]


def test_one_service_alone_is_moved_and_the_others_stay(data: Path, url: str, tmp_path: Path) -> None:
    for service in ("auth", "video"):
        sqlite_file.make(path(data, service), migrations(service))
    status, out, err = run(data, url, "--only", "video")
    assert (status, {service for service, _ in told(out)}) == (0, {"video"}), err
    assert not is_made(url, "auth")
    assert run(data, url)[0] == 0
    status, out, err = run(url, tmp_path / "back", "--only", "video")
    assert (status, {service for service, _ in told(out)}) == (0, {"video"}), err
    assert not (tmp_path / "back" / "auth").exists()


@pytest.mark.parametrize("service", ON_POSTGRESQL)
def test_what_follows_a_list_finds_it_numbered_on_both_engines(service: str, tmp_path: Path, url: str) -> None:
    """A list that goes on by a counter there, and by its highest row here, would give a number twice."""
    make_database(f"{url}#{service}", migrations(service))
    sqlite_file.make(tmp_path / "new.db", migrations(service))
    query = (
        "SELECT table_name, is_identity FROM information_schema.columns WHERE table_schema = %s"
        " AND table_name <> 'proofs' AND (column_default LIKE '%%next_number%%' OR is_identity = 'YES')"
    )
    with psycopg.connect(url) as session:
        numbered: dict[str, str] = dict(session.execute(query, (service,)).fetchall())
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%AUTOINCREMENT%'").fetchall()
    autoincrement = {name for (name,) in found}
    assert autoincrement - {"whole_files"} <= numbered.keys()
    assert {name for name, is_identity in numbered.items() if is_identity == "NO"} <= autoincrement


# What is not moved


def test_a_service_that_has_no_store_is_left_out(data: Path, url: str) -> None:
    sqlite_file.make(path(data, "video"), migrations("video"))
    status, out, _ = run(data, url)
    assert (status, {service for service, _ in told(out)}) == (0, {"video"})
    assert not is_made(url, "auth")


def test_where_one_target_is_not_empty_nothing_is_moved(data: Path, url: str, tmp_path: Path) -> None:
    for service in ("auth", "video"):
        sqlite_file.make(path(data, service), migrations(service))
    make_database(f"{url}#video", migrations("video"))
    status, out, err = run(data, url)
    assert (status, out) == (EXIT_CANNOT_START, "")
    assert err.splitlines()[-1].startswith("the target of video is not empty: it is another store")
    assert not is_made(url, "auth")
    sqlite_file.make(path(tmp_path / "back", "video"), migrations("video"))
    before = path(tmp_path / "back", "video").read_bytes()
    assert run(url, tmp_path / "back")[0] == EXIT_CANNOT_START
    assert path(tmp_path / "back", "video").read_bytes() == before


def test_a_newer_schema_is_refused_in_one_line(data: Path, url: str) -> None:
    sqlite_file.make(path(data, "video"), migrations("video"))
    with closing(sqlite3.connect(path(data, "video"))) as connection:
        connection.execute("PRAGMA user_version = 99")
    status, out, err = run(data, url)
    assert (status, out, err.count("\n")) == (EXIT_CANNOT_START, "", 1)
    assert "has schema 99, and this code knows none above" in err


def test_a_wrong_address_and_an_empty_one_and_one_that_does_not_answer(data: Path, url: str, tmp_path: Path) -> None:
    status, _, err = run("mysql://host/database", url)
    assert (status, "expected sqlite:DATA_FOLDER or postgresql://" in err) == (EXIT_CANNOT_START, True)
    status, _, err = run(data, url)
    assert (status, "there is nothing to move" in err) == (EXIT_CANNOT_START, True)
    status, _, err = run(f"postgresql://nobody:secret@/none?host={tmp_path}", data)
    assert (status, "PostgreSQL does not answer" in err, "secret" in err) == (EXIT_FAULT, True, False)
    assert not data.exists()


# Killed in the middle


def _hear_interrupts() -> None:
    """Shells have what they start in the background ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def held_in_the_middle(source: str | Path, target: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A move that cannot come to its end: it tells what it copies, and nobody hears it; and where it could be heard."""
    heard, full = os.pipe()
    try:
        os.set_blocking(full, False)
        os.write(full, b"x" * fcntl.fcntl(full, fcntl.F_GETPIPE_SZ))
        os.set_blocking(full, True)
        process = subprocess.Popen(
            [sys.executable, "-m", "servicekit.move", *addresses(source, target)],
            cwd=REPOSITORY,
            stderr=full,
            stdout=subprocess.DEVNULL,
            preexec_fn=_hear_interrupts,  # noqa: PLW1509 - it only asks the kernel
        )
        try:
            yield process, heard
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    finally:
        os.close(heard)
        os.close(full)


def has_written(url: str) -> bool:
    """Whether a transaction is open there that has."""
    query = "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND backend_xid IS NOT NULL"
    with psycopg.connect(url) as session:
        return session.execute(f"{query} AND datname = current_database()".encode()).fetchone() is not None


async def test_a_kill_in_the_middle_leaves_a_database_as_it_was(data: Path, url: str) -> None:
    sqlite_file.make(path(data, "video"), migrations("video"))
    with held_in_the_middle(data, url):
        await eventually(lambda: has_written(url))
    assert not is_made(url, "video")
    assert run(data, url)[0] == 0


async def test_who_interrupts_a_move_has_changed_nothing(data: Path, url: str) -> None:
    sqlite_file.make(path(data, "video"), migrations("video"))
    with held_in_the_middle(data, url) as (process, heard):
        await eventually(lambda: has_written(url))
        process.send_signal(signal.SIGINT)
        os.read(heard, 2**20)
        assert process.wait(20) == EXIT_INTERRUPTED
    assert not is_made(url, "video")


async def test_a_kill_in_the_middle_leaves_a_data_folder_as_it_was(data: Path, url: str, tmp_path: Path) -> None:
    make_database(f"{url}#video", migrations("video"))
    target = path(tmp_path / "back", "video")
    unfinished = target.with_name(f"{target.name}.moving")
    with held_in_the_middle(url, tmp_path / "back"):
        await eventually(lambda: unfinished.exists() and unfinished.stat().st_size > 0)
    assert not target.exists()
    assert run(url, tmp_path / "back")[0] == 0
    assert list(target.parent.iterdir()) == [target]
