"""What cannot be read or served is refused in one shape, and nothing comes of it."""

import pytest
from msgspec import structs

from auth_service.settings import AuthSettings
from tests.auth_service.people import PASSWORD, Auth, fields, run_sql, serving
from tests.clock import Clock
from tests.problems import code

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON_PATHS = ["/register", "/api/register", "/api/user/login"]


@pytest.mark.parametrize("path", JSON_PATHS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"username": "\xff", "password": "x"}',
        b'{"username": "\\ud800", "password": "x"}',
        b'{"username": "ada", "password": "x"} and more',
        b'{"x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
    ids=["empty", "cut", "no text", "not UTF-8", "half a character", "trailing", "nested without end"],
)
async def test_what_is_not_json_is_malformed(asked: Auth, path: str, body: bytes) -> None:
    assert code(await asked.http.post(path, content=body)) == (400, "malformed")


@pytest.mark.parametrize("path", JSON_PATHS)
@pytest.mark.parametrize(
    "body,field",
    [
        ([], ""),
        ("ada", ""),
        ({}, "username"),
        ({"username": "ada"}, "password"),
        ({"username": 1, "password": PASSWORD}, "username"),
        ({"username": "ada", "password": None}, "password"),
        ({"username": ["ada"], "password": PASSWORD}, "username"),
    ],
)
async def test_wrong_types_and_missing_fields_are_named(asked: Auth, path: str, body: object, field: str) -> None:
    assert fields(await asked.http.post(path, json=body)) == [field]


@pytest.mark.parametrize("body", [b"username=%FF&password=x", b"username=\xff", b"&".join([b"a=1"] * 101)])
async def test_what_is_not_a_form_is_malformed(asked: Auth, body: bytes) -> None:
    assert code(await asked.http.post("/api/login", content=body, headers=FORM)) == (400, "malformed")


async def test_a_broken_multipart_form_is_malformed(asked: Auth) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await asked.http.post("/api/login", content=b"--y\r\nnonsense", headers=headers)
    assert code(response) == (400, "malformed")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
async def test_a_body_of_another_kind_is_told_that_a_form_is_wanted(asked: Auth, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = await asked.http.post("/api/login", content=b"username=ada&password=x", headers=headers)
    assert fields(response) == [""]
    (error,) = response.json()["errors"]
    assert error["detail"].startswith(
        "Expected a form (application/x-www-form-urlencoded or multipart/form-data), got "
    )


@pytest.mark.parametrize("path,body", [("/api/register", b'{"username": "ada", '), ("/api/login", b"username=a&")])
async def test_a_body_may_be_as_large_as_its_limit_and_not_larger(asked: Auth, path: str, body: bytes) -> None:
    headers = FORM if path == "/api/login" else {}
    largest = await asked.http.post(path, content=body.ljust(64 * 1024), headers=headers)
    assert largest.status_code in {400, 422}
    larger = await asked.http.post(path, content=body.ljust(64 * 1024 + 1), headers=headers)
    assert code(larger) == (413, "body_too_large")


async def test_the_limit_of_a_body_is_a_setting(settings: AuthSettings, clock: Clock) -> None:
    async with serving(structs.replace(settings, json_body_bytes_max=100), clock) as auth:
        assert (await auth.register("ada", "x" * 20)).status_code == 201
        assert code(await auth.register("grace", "x" * 100)) == (413, "body_too_large")


@pytest.mark.parametrize(
    "method,path,allowed",
    [
        ("GET", "/register", {"POST"}),
        ("PUT", "/api/login", {"POST"}),
        ("POST", "/api/user-profile", {"GET", "HEAD"}),
        ("GET", "/api/sessions/x", {"DELETE"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(asked: Auth, method: str, path: str, allowed: set[str]) -> None:
    response = await asked.http.request(method, path)
    assert code(response) == (405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/", "/api", "/api/users/ada", "/internal", "/api/search-user/"])
async def test_an_unknown_path_is_not_found(asked: Auth, path: str) -> None:
    assert code(await asked.http.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    "method,path",
    [
        ("POST", "/api/refresh"),
        ("POST", "/api/logout"),
        ("GET", "/api/sessions"),
        ("DELETE", "/api/sessions/x"),
        ("POST", "/api/change-password"),
        ("DELETE", "/api/account"),
        ("GET", "/api/users"),
        ("GET", "/api/user-profile"),
        ("POST", "/api/update-nickname"),
        ("POST", "/api/update-avatar"),
    ],
)
async def test_who_is_not_signed_in_is_refused_before_anything_is_read(asked: Auth, method: str, path: str) -> None:
    response = await asked.http.request(method, path, content=b"\xff")
    assert code(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_every_answer_carries_the_request_id_and_forbids_sniffing(asked: Auth) -> None:
    given = {"X-Request-ID": "from-the-gateway"}
    for path in ("/healthz", "/api/user-profile", "/nowhere", "/register"):
        response = await asked.http.get(path, headers=given)
        assert response.headers["x-request-id"] == "from-the-gateway"
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_an_account_that_is_gone_from_the_store_changes_nothing(auth: Auth, settings: AuthSettings) -> None:
    ada = await auth.person("ada")
    run_sql(settings, "DELETE FROM users")
    assert code(await ada.get("/api/user-profile")) == (404, "unknown_user")
    nickname = {"nickname": "Ghost"}
    assert code(await ada.post("/api/update-nickname", data=nickname)) == (404, "unknown_user")


async def test_a_fault_is_answered_without_its_details(auth: Auth, settings: AuthSettings) -> None:
    run_sql(settings, "DROP TABLE users")
    response = await auth.register("ada")
    assert code(response) == (500, "internal_error")
    assert "users" not in response.text
    assert "x-request-id" in response.headers
