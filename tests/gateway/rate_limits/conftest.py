"""A gateway whose limits are soon reached, with Redis and without."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.gateway.gateways import System, system
from tests.gateway.rate_limits.attempts import LIMITS, all_wrong


@pytest.fixture(params=["in Redis", "in the process"])
async def limited(request: pytest.FixtureRequest, valkey_url: str) -> AsyncIterator[System]:
    changed: dict[str, Any] = dict(LIMITS)
    if request.param == "in Redis":
        changed["redis_url"] = valkey_url
        async with Redis.from_url(valkey_url) as redis:
            await redis.flushall()
    async with system(trusted_proxies="127.0.0.1", **changed) as whole:
        whole.auth.handler = all_wrong
        yield whole
