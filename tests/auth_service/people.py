"""The cast, and what they can do with an auth service that runs in the test's process."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx
import psycopg
from argon2 import PasswordHasher

from auth_service.app import MIGRATIONS, create_app
from auth_service.refusals import REFUSALS
from auth_service.routes import ROUTES
from auth_service.settings import AuthSettings
from tests.asgi import client_of
from tests.clock import Clock
from tests.contracts import checked
from tests.new_stores import put_new_store
from tests.problems import code

PASSWORD = "correct horse battery"
MEMBER = {"role": "member", "banned": False}  # what every profile says in the list for the others
CHECKED = checked(ROUTES, REFUSALS)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Person:
    """Someone who is signed in on one device."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self.token = token

    async def request(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **content.pop("headers", {})}
        return await self._http.request(method, path, headers=headers, **content)

    async def get(self, path: str, **content: Any) -> httpx.Response:
        return await self.request("GET", path, **content)

    async def post(self, path: str, **content: Any) -> httpx.Response:
        return await self.request("POST", path, **content)

    async def sid(self) -> str:
        """The id of the session that this device has."""
        (sid,) = [row["sid"] for row in (await self.get("/api/sessions")).json() if row["current"]]
        return str(sid)

    async def is_signed_in(self) -> bool:
        return (await self.get("/api/user-profile")).status_code == 200


class Auth:
    """The service, as anyone may use it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def register(self, username: str, password: str = PASSWORD, **more: object) -> httpx.Response:
        return await self.http.post("/api/register", json={"username": username, "password": password, **more})

    async def sign_in(self, username: str, password: str = PASSWORD, user_agent: str = "tests") -> httpx.Response:
        return await self.http.post(
            "/api/user/login",
            json={"username": username, "password": password},
            headers={"User-Agent": user_agent},
        )

    async def person(self, username: str, password: str = PASSWORD) -> Person:
        """Someone who has just registered and signed in."""
        assert (await self.register(username, password)).status_code == 201
        return await self.device(username, password)

    async def device(self, username: str, password: str = PASSWORD) -> Person:
        """Another device of someone who is registered."""
        return self.bearer((await self.sign_in(username, password)).json()["access_token"])

    def bearer(self, token: str) -> Person:
        return Person(self.http, token)

    async def revoked(self) -> list[str]:
        answer = (await self.http.get("/internal/revocations")).json()
        return list(answer["revoked"])


@asynccontextmanager
async def serving(settings: AuthSettings, clock: Clock, hasher: PasswordHasher = CHEAP) -> AsyncIterator[Auth]:
    put_new_store(settings.data_dir / "auth" / "users.db", MIGRATIONS)
    async with client_of(create_app(settings, clock=clock, hasher=hasher)) as http:
        http.event_hooks = CHECKED
        yield Auth(http)


def fields(response: httpx.Response) -> list[str]:
    """The fields that a validation refuses."""
    assert code(response) == (422, "invalid")
    return [error["field"] for error in response.json()["errors"]]


def run_sql(settings: AuthSettings, statement: str) -> list[tuple[Any, ...]]:
    """Read or change the service's store behind its back."""
    if settings.auth_database_url:
        with psycopg.connect(settings.auth_database_url, options="-c search_path=auth") as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
    with closing(sqlite3.connect(settings.data_dir / "auth" / "users.db")) as connection, connection:
        return connection.execute(statement).fetchall()
