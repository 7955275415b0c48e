"""The status of one instance: in time, whatever its store takes to count."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from servicekit import status
from servicekit.database import DatabaseError
from servicekit.problems import TookTooLong
from servicekit.sqlite_database import open_sqlite
from servicekit.status import Count, InstanceStatus
from servicekit.version import __version__
from tests.asgi import client_of


class Bus:
    """Redis is away."""

    async def is_sound(self) -> bool:
        return False


async def three(_: Any) -> dict[str, int]:
    return {"people": 3}


async def refuses(_: Any) -> dict[str, int]:
    raise TookTooLong(1)


async def breaks(_: Any) -> dict[str, int]:
    raise DatabaseError("away")


async def hangs(_: Any) -> dict[str, int]:
    await asyncio.Event().wait()
    return {}


@asynccontextmanager
async def instance(folder: Path, count: Count) -> AsyncIterator[httpx.AsyncClient]:
    (folder / "migrations").mkdir()
    (folder / "migrations" / "0001_notes.sql").write_text("CREATE TABLE notes (text TEXT);")

    @asynccontextmanager
    async def opened(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with open_sqlite(folder / "notes" / "notes.db", folder / "migrations") as database:
            yield {"database": database, "bus": Bus()}

    app = Starlette(routes=status.routes(count, answer_s_max=0.05), lifespan=opened)
    async with client_of(app) as http:
        yield http


async def test_an_instance_says_what_it_runs_how_it_is_and_how_much_there_is(tmp_path: Path) -> None:
    async with instance(tmp_path, three) as http:
        said = (await http.get("/internal/status")).json()
    free, total = said.pop("disk_free_bytes"), said.pop("disk_total_bytes")
    assert 0 < free <= total
    assert said == {
        "status": "ok",
        "version": __version__,
        "checks": {"store": "ok", "disk": "ok", "redis": "away"},
        "engine": "sqlite",
        "open_connections": 0,
        "counts": {"people": 3},
    }


@pytest.mark.parametrize("count", [refuses, breaks, hangs])
async def test_what_cannot_be_counted_now_is_left_out_and_the_rest_is_told(tmp_path: Path, count: Count) -> None:
    async with instance(tmp_path, count) as http, asyncio.timeout(5):
        answer = await http.get("/internal/status")
    assert answer.status_code == 200
    assert InstanceStatus(**answer.json()).counts is None
