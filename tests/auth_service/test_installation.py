"""What an operator meets: settings, the secret, the process, yesterday's data."""

import asyncio
import os
import signal
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from msgspec import structs

from auth_service.secret import load_or_make_secret
from auth_service.settings import AuthSettings
from servicekit.settings import WrongSettings, load
from servicekit.startup_errors import CannotStart, make_private_folder
from tests import fork_server
from tests.auth_service.people import Auth, serving
from tests.clock import Clock
from tests.waiting import eventually


def test_a_secret_of_sixteen_characters_is_long_enough() -> None:
    assert load(AuthSettings, {"SECRET_KEY": "x" * 16}).secret_key == "x" * 16


def test_a_shorter_secret_is_refused_without_being_shown() -> None:
    with pytest.raises(WrongSettings) as refused:
        load(AuthSettings, {"SECRET_KEY": "abracadabra"})
    assert "SECRET_KEY" in str(refused.value)
    assert "16" in str(refused.value)
    assert "abracadabra" not in str(refused.value)


@pytest.mark.parametrize(
    "variable",
    [
        "PARLEY_TOKEN_LIFETIME_S",
        "PARLEY_USERNAME_LENGTH_MIN",
        "PARLEY_USERNAME_LENGTH_MAX",
        "PARLEY_PASSWORD_LENGTH_MIN",
        "PARLEY_PASSWORD_LENGTH_MAX",
        "PARLEY_NICKNAME_LENGTH_MAX",
        "PARLEY_EMAIL_LENGTH_MAX",
        "PARLEY_AVATAR_URL_LENGTH_MAX",
        "PARLEY_USERS_FOUND_MAX",
        "PARLEY_SESSIONS_LISTED_MAX",
        "PARLEY_PASSWORDS_WAITING_MAX",
    ],
)
def test_every_limit_is_a_setting_of_at_least_one(variable: str) -> None:
    field = variable.removeprefix("PARLEY_").lower()
    least = {"PARLEY_USERNAME_LENGTH_MIN": "1", "PARLEY_PASSWORD_LENGTH_MIN": "1"}
    assert getattr(load(AuthSettings, {**least, variable: "1"}), field) == 1
    with pytest.raises(CannotStart, match=variable):
        load(AuthSettings, {variable: "0"})


def test_a_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    secret = load_or_make_secret(path)
    assert len(secret) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_secret(path) == secret
    assert list(tmp_path.iterdir()) == [path]


async def test_of_many_that_make_the_secret_at_once_all_get_the_same(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    secrets = await asyncio.gather(*(asyncio.to_thread(load_or_make_secret, path) for _ in range(16)))
    assert len(set(secrets)) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kept,good", [("", False), ("x" * 15 + "\n", False), ("x" * 16 + "\n", True)])
def test_a_kept_secret_is_long_enough_or_refused(tmp_path: Path, kept: str, good: bool) -> None:
    path = tmp_path / "secret_key"
    path.write_text(kept)
    if good:
        assert load_or_make_secret(path) == kept.strip()
    else:
        with pytest.raises(CannotStart, match="secret_key"):
            load_or_make_secret(path)


async def test_tokens_and_accounts_survive_a_restart_with_a_secret_of_its_own(
    settings: AuthSettings, clock: Clock
) -> None:
    without_secret = structs.replace(settings, secret_key=None)
    async with serving(without_secret, clock) as auth:
        ada = await auth.person("ada")
    async with serving(without_secret, clock) as auth:
        assert await auth.bearer(ada.token).is_signed_in()
    folder = settings.data_dir / "auth"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_without_redis_the_service_works_and_says_what_it_misses(auth: Auth, settings: AuthSettings) -> None:
    assert (await auth.http.get("/healthz")).json() == {"status": "ok"}
    response = await auth.http.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"] == {"store": "ok", "disk": "ok", "redis": "away"}
    free_bytes = response.json().get("disk_free_bytes")
    assert free_bytes is None if settings.auth_database_url else free_bytes > 0
    assert (await auth.register("ada")).status_code == 201


def environment(folder: Path, port: int, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PARLEY_AUTH_URL": f"http://127.0.0.1:{port}",
        "PARLEY_DATA_DIR": str(folder),
        "PARLEY_REDIS_URL": f"unix://{folder}/no-redis.sock",
        **more,
    }


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


run = partial(fork_server.run, "auth_service", ())  # the status, and what it says to either output


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with taken_port() as port:
        status, _, err = run(environment(tmp_path, port))
    assert status == 3
    assert f"auth cannot listen on 127.0.0.1:{port}" in err
    assert "Traceback" not in err


def damage(folder: Path, content: bytes) -> None:
    (folder / "auth").mkdir(mode=0o700)
    (folder / "auth" / "users.db").write_bytes(content)


def newer(folder: Path) -> None:
    damage(folder, b"")
    with closing(sqlite3.connect(folder / "auth" / "users.db")) as connection:
        connection.execute("PRAGMA user_version = 99")


def short_secret(folder: Path) -> None:
    (folder / "auth").mkdir(mode=0o700)
    (folder / "auth" / "secret_key").write_text("short")


def no_secret(folder: Path) -> None:
    (folder / "auth").mkdir(mode=0o700)
    (folder / "auth" / "secret_key").mkdir()


def no_folder(folder: Path) -> None:
    (folder / "auth").write_text("a file in its place")


@pytest.mark.parametrize(
    "spoil, said",
    [
        (newer, "users.db has schema 99, and this code knows none above"),
        (partial(damage, content=b"nonsense" * 1000), "users.db is damaged, or no database"),
        (partial(damage, content=b"SQLite format 3\0" + bytes(range(100, 200)) * 100), "users.db is damaged"),
        (short_secret, "secret_key has less than 16 characters"),
        (no_secret, "secret_key cannot be used: Is a directory"),
        (no_folder, "auth cannot be used: Not a directory"),
    ],
)
def test_what_no_restart_helps_is_one_clear_line(tmp_path: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(tmp_path)
    with taken_port() as port:
        pass
    status, out, err = run(environment(tmp_path, port, PARLEY_METRICS_PORT="0"))
    assert status == 2
    (line,) = err.splitlines()
    assert line.startswith("auth cannot run: ")
    assert said in line
    assert [line for line in out.splitlines() if "started" in line or "Traceback" in line] == []


def test_a_secret_that_others_could_read_is_theirs_no_more_and_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "secret_key"
    secret = load_or_make_secret(path)
    assert capsys.readouterr().out == ""
    path.chmod(0o644)
    assert load_or_make_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "a secret file was open to others" in capsys.readouterr().out


@pytest.mark.parametrize("mode, told", [(0o700, False), (0o750, True), (0o701, True)])
def test_a_data_folder_that_others_can_enter_is_told(
    tmp_path: Path, mode: int, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(mode)
    make_private_folder(tmp_path)
    assert ("a data folder is open to others" in capsys.readouterr().out) is told


def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "data" / "auth")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("data", "data/auth")] == [0o700, 0o700]


@pytest.mark.parametrize(
    "wrong",
    [
        {"SECRET_KEY": "short"},
        {"PARLEY_TOKEN_LIFETIME_S": "soon"},
        {"PARLEY_AUTH_URL": "ftp://auth:8001"},
        {"PARLEY_USERNAME_LENGTH_MIN": "33"},
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path: Path, wrong: dict[str, str]) -> None:
    status, _, err = run(environment(tmp_path, 1, **wrong))
    (variable,) = wrong
    assert status == 2
    assert err.startswith(f"wrong setting: {variable}")
    assert err.count("\n") == 1


async def test_the_process_serves_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    with taken_port() as port:
        pass
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "auth_service", env=environment(tmp_path, port, PARLEY_METRICS_PORT="0")
    )
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await eventually(lambda: is_alive(http))
        assert (await http.get("/.well-known/jwks.json")).is_success
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def is_alive(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).is_success
    except httpx.TransportError:
        return False
