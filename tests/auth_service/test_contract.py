"""What the contract of auth says is what happens: its examples pass, and its limits are those of the settings."""

import re
from typing import Any

import httpx
import msgspec
import pytest

from auth_service.settings import AuthSettings
from servicekit.contract import Contract
from tests.auth_service.people import Auth, Person, fields, serving
from tests.clock import Clock
from tests.problems import code
from tests.stores import ON_SQLITE

pytestmark = ON_SQLITE
PATHS_WITH_LIMITS = [("/api/register", "username"), ("/api/register", "password"), ("/api/update-nickname", "nickname")]


async def contract(auth: Auth) -> Contract:
    answer = await auth.http.get("/internal/contract")
    return msgspec.json.decode(answer.content, type=Contract)


def body_of(part: Contract, path: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """How the body is sent, its example and its schema."""
    contents = part.paths[path]["post"]["requestBody"]["content"]
    (content_type, content), *_ = contents.items()
    schema = part.schemas[content["schema"]["$ref"].rpartition("/")[2]]
    return ("json" if content_type == "application/json" else "data"), content["example"], schema


async def send(ada: Person, part: Contract, path: str, **changed: str) -> httpx.Response:
    how, example, _ = body_of(part, path)
    return await ada.post(path, **{how: {**example, **changed}})


@pytest.mark.parametrize(
    "path, status",
    [
        ("/register", 201),
        ("/api/register", 201),
        ("/api/user/login", 401),
        ("/api/login", 401),
        ("/api/change-password", 200),
        ("/api/update-nickname", 200),
        ("/api/update-avatar", 200),
    ],
)
async def test_an_example_is_acceptable(auth: Auth, path: str, status: int) -> None:
    grace = await auth.person("grace")
    answer = await send(grace, await contract(auth), path)
    assert answer.status_code == status


@pytest.mark.parametrize("path, field", PATHS_WITH_LIMITS)
async def test_the_limits_of_a_field_are_those_that_are_told(auth: Auth, path: str, field: str) -> None:
    ada, part = await auth.person("ada-1"), await contract(auth)
    schema = body_of(part, path)[2]["properties"][field]
    for length in (schema["minLength"] - 1, schema["maxLength"] + 1):
        assert fields(await send(ada, part, path, **{field: "a" * length})) == [field]
    for length in (schema["minLength"], schema["maxLength"]):
        names = {"username": f"name-{length}"} if "register" in path else {}
        assert (await send(ada, part, path, **{**names, field: "a" * length})).is_success


async def test_a_field_that_is_required_is(auth: Auth) -> None:
    _, example, schema = body_of(await contract(auth), "/api/register")
    for field in schema["required"]:
        rest = {name: value for name, value in example.items() if name != field}
        assert fields(await auth.http.post("/api/register", json=rest)) == [field]


async def test_what_takes_a_token_refuses_without_one(auth: Auth) -> None:
    for path, methods in (await contract(auth)).paths.items():
        for method, operation in methods.items():
            answer = await auth.http.request(method, path.replace("{", "").replace("}", ""))
            assert bool(operation["security"]) == (code_of(answer) == (401, "unauthenticated")), path


def code_of(answer: httpx.Response) -> tuple[int, str] | None:
    return None if answer.is_success else code(answer)


async def test_limits_follow_the_settings(settings: AuthSettings, clock: Clock) -> None:
    changed = msgspec.structs.replace(settings, username_length_max=5, users_found_max=7)
    async with serving(changed, clock) as auth:
        part = await contract(auth)
    assert body_of(part, "/api/register")[2]["properties"]["username"]["maxLength"] == 5
    limit = next(one for one in part.paths["/api/users"]["get"]["parameters"] if one["name"] == "limit")
    assert limit["schema"]["maximum"] == 7


@pytest.mark.parametrize(
    "path, field, good, bad",
    [
        ("/api/register", "email", ["", "  ", " ada@example.org ", "a@b"], ["ada", "a b@c", "a@b@c", "@b"]),
        (
            "/api/register",
            "password",
            ["correct horse", "größer und länger"],
            ["a\nbreak in it", "        ", "\u202eturned back"],
        ),
        ("/api/update-nickname", "nickname", ["Ada", "Ada \U0001f9ea"], [" ", "Ada\x07L", "Ada\u2028L", "Ada\u2066L"]),
        ("/api/update-status", "status", ["", "at lunch"], ["at\x07lunch", "at\x9flunch"]),
        (
            "/api/update-avatar",
            "avatar_url",
            ["", "https://example.org/a.png", "HTTP://example.org/", "/api/files/x"],
            [
                "ftp://example.org/a.png",
                "/api/avatars/ada",
                "example.org/a.png",
                "https://",
                "https://example.org/a\x07.png",
                "/api/files/a b",
            ],
        ),
    ],
)
async def test_the_form_of_a_field_is_the_one_that_is_told(
    auth: Auth, path: str, field: str, good: list[str], bad: list[str]
) -> None:
    ada, part = await auth.person("ada-1"), await contract(auth)
    stated = body_of(part, path)[2]["properties"][field]
    pattern = next(one["pattern"] for one in [stated, *stated.get("anyOf", ())] if "pattern" in one)
    for number, text in enumerate(good):
        assert re.search(pattern, text)
        assert (await send(ada, part, path, **{field: text}, **_new_name(path, number))).is_success, text
    for text in bad:
        assert not re.search(pattern, text)
        assert fields(await send(ada, part, path, **{field: text})) == [field]


def _new_name(path: str, number: int) -> dict[str, str]:
    return {"username": f"grace-{number}"} if path == "/api/register" else {}
