"""A gateway with a connection to chat that it keeps, and an answer that waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System, keep_connection
from tests.gateway.stand_ins import Exchange


@pytest.fixture
async def kept(whole: System) -> System:
    """The chat service has a connection that waits for the next request, and the token is known."""
    await keep_connection(whole)
    return whole


@pytest.fixture
async def held(kept: System) -> AsyncIterator[asyncio.Event]:
    """The service answers what it is asked for when this is set."""
    goes_on = asyncio.Event()

    async def answer_then(exchange: Exchange) -> None:
        await goes_on.wait()
        await exchange.reply(200, exchange.request.target.encode())

    kept.chat.handler = answer_then
    yield goes_on
    goes_on.set()
