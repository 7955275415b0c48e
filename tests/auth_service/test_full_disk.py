"""What the disk refuses: nobody is told that something is done which is not, and all goes on when there is room."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from auth_service.settings import AuthSettings
from tests.auth_service.owners import claim_code, owner_of
from tests.auth_service.people import PASSWORD, Auth, run_sql
from tests.clock import Clock
from tests.problems import code

CHANGES = {
    "/api/register": {"json": {"username": "linus", "password": PASSWORD}},
    "/register": {"json": {"username": "linus", "password": PASSWORD}},
    "/api/user/login": {"json": {"username": "ada", "password": PASSWORD}},
    "/api/login": {"data": {"username": "ada", "password": PASSWORD}},
    "/api/refresh": {},
    "/api/change-password": {"json": {"current_password": PASSWORD, "new_password": "a better one"}},
    "/api/update-nickname": {"data": {"nickname": "Ada L."}},
    "/api/update-avatar": {"data": {"avatar_url": "https://ada.example/face.png"}},
}


@contextmanager
def full_disk(settings: AuthSettings) -> Iterator[None]:
    """No file of this process may grow beyond the store's log, which has no room left in it.

    What PostgreSQL then does with its own disk is not ours to make: it takes no writes.
    """
    if settings.auth_database_url:
        with read_only(settings.auth_database_url):
            yield
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = settings.data_dir / "auth" / "users.db-wal"
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def read_only(url: str) -> Iterator[None]:
    name = urlsplit(url).path.removeprefix("/")
    for value in ("on", "off"):
        with psycopg.connect(url, autocommit=True, options="-c default_transaction_read_only=off") as session:
            session.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}".encode())
            session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (name,),
            )
        if value == "on":
            yield


def assert_not_stored(response: httpx.Response) -> None:
    assert code(response) == (503, "not_stored")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("path", CHANGES)
async def test_what_the_disk_refuses_is_503_and_changes_nothing(
    auth: Auth, settings: AuthSettings, clock: Clock, path: str
) -> None:
    ada = await auth.person("ada")
    clock.forward(60)  # from when on it is worth writing down that a session lasts longer
    before = (await ada.get("/api/user-profile")).json()
    with full_disk(settings):
        assert_not_stored(await ada.request("POST", path, **CHANGES[path]))
        assert (await ada.get("/api/user-profile")).json() == before
    assert (await ada.request("POST", path, **CHANGES[path])).is_success


OWNERS_CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a claim": ("POST", "/api/claim/{code}", {}),
    "the instance": ("PATCH", "/api/admin/instance", {"json": {"name": "Ours"}}),
    "an invitation": ("POST", "/api/invitations", {"json": {}}),
    "a ban": ("PUT", "/api/admin/users/grace/ban", {"json": {"erase_messages": True}}),
    "a role": ("PUT", "/api/admin/users/grace/role", {"json": {"role": "owner"}}),
    "a reset link": ("POST", "/api/admin/users/grace/reset-link", {}),
}
KEPT = ("instance", "invitations", "orders", "audit", "reset_links", "users")


@pytest.mark.parametrize("what", OWNERS_CHANGES)
async def test_what_an_owner_does_is_done_whole_or_not_at_all(auth: Auth, settings: AuthSettings, what: str) -> None:
    ada, grace = await owner_of(auth, settings), await auth.person("grace")
    method, path, content = OWNERS_CHANGES[what]
    path = path.format(code=claim_code(settings, 2))
    before = [run_sql(settings, f"SELECT * FROM {table}") for table in KEPT]
    with full_disk(settings):
        assert_not_stored(await ada.request(method, path, **content))
        assert await grace.is_signed_in()
    assert [run_sql(settings, f"SELECT * FROM {table}") for table in KEPT] == before
    assert (await ada.request(method, path, **content)).is_success


async def test_an_account_that_could_not_be_erased_is_there(auth: Auth, settings: AuthSettings) -> None:
    ada = await auth.person("ada")
    with full_disk(settings):
        assert_not_stored(await ada.request("DELETE", "/api/account", json={"password": PASSWORD}))
    assert await ada.is_signed_in()


async def test_signing_out_says_that_it_did_not_work_and_the_device_forgets_all_the_same(
    auth: Auth, settings: AuthSettings
) -> None:
    ada = await auth.person("ada")
    with full_disk(settings):
        response = await ada.post("/api/logout")
        assert_not_stored(response)
        assert response.headers["set-cookie"].startswith('access_token=""; HttpOnly; Max-Age=0; Path=/')
        assert_not_stored(await ada.request("DELETE", f"/api/sessions/{await ada.sid()}"))
    assert await ada.is_signed_in()
    assert (await ada.post("/api/logout")).json() == {"message": "Signed out"}


async def test_nobody_is_refused_because_it_cannot_be_written_down_that_they_were_here(
    auth: Auth, settings: AuthSettings, clock: Clock
) -> None:
    ada = await auth.person("ada")
    clock.forward(3600)
    with full_disk(settings):
        assert await ada.is_signed_in()


async def test_what_anybody_may_ask_for_all_the_time_costs_the_disk_nothing(
    auth: Auth, settings: AuthSettings, clock: Clock
) -> None:
    ada, grace = await auth.person("ada"), await auth.person("grace")
    clock.forward(59)
    with full_disk(settings):
        assert (await ada.post("/api/refresh")).json()["expires_in"] == settings.token_lifetime_s - 59
        for sid in ("unknown", await grace.sid()):
            assert code(await ada.request("DELETE", f"/api/sessions/{sid}")) == (404, "unknown_session")
    clock.forward(1)
    assert (await ada.post("/api/refresh")).json()["expires_in"] == settings.token_lifetime_s


async def test_our_own_mistake_is_not_blamed_on_the_disk(auth: Auth, settings: AuthSettings) -> None:
    ada = await auth.person("ada")
    run_sql(settings, "DROP TABLE profile_version")
    assert code(await ada.post("/api/update-nickname", data={"nickname": "Ada L."})) == (500, "internal_error")
