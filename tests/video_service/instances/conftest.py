"""Instances that share a store, on each engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.video_service.world import World


@pytest.fixture
async def world(tmp_path: Path, redis_url: str, database_url: str) -> AsyncIterator[World]:
    async with World(tmp_path, redis_url, database_url) as made:
        yield made
