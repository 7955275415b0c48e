import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from launcher.ports import find_free
from tests.asgi import client_of
from tests.waiting import eventually
from video_service.app import create_app
from video_service.settings import VideoSettings


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> VideoSettings:
    """Neither Redis nor the auth service is there."""
    nowhere = f"unix://{tmp_path}/no-redis.sock"
    return VideoSettings(
        data_dir=tmp_path, redis_url=nowhere, auth_url="http://127.0.0.1:1", video_database_url=database_url
    )


@pytest.fixture
async def http(settings: VideoSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(settings)) as client:
        yield client


async def test_it_is_alive_without_its_peers_and_says_what_it_misses(http: httpx.AsyncClient) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    response = await http.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"] == {"store": "ok", "disk": "ok", "redis": "away", "profiles": "ok"}


async def test_its_status_counts_the_streams_that_are_live(http: httpx.AsyncClient) -> None:
    assert (await http.get("/internal/status")).json()["counts"] == {"streams": 0}


async def test_everything_else_is_not_found(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/streams")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


async def test_the_process_serves_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    (port,) = find_free(1)
    environment = {
        **os.environ,
        "PARLEY_VIDEO_URL": f"http://127.0.0.1:{port}",
        "PARLEY_DATA_DIR": str(tmp_path),
        "PARLEY_REDIS_URL": f"unix://{tmp_path}/no-redis.sock",
        "PARLEY_METRICS_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "video_service", env=environment)
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await eventually(lambda: is_alive(http))
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def is_alive(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).is_success
    except httpx.TransportError:
        return False
