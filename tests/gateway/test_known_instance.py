"""What the instance is called, on every page, and how seldom that is asked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.gateway.gateways import System, system
from tests.gateway.scripted import BROWSER
from tests.gateway.stand_ins import Exchange
from tests.gateway.wires import TIMEOUT_S

NAME = "<b>The Society</b>"
PATH = "/api/instance"


@pytest.fixture
async def keeping() -> AsyncIterator[System]:
    """A gateway that has been told once, and keeps it for the whole test."""
    async with system(instance_kept_s=1e6) as whole:
        whole.issuer.instance["name"] = NAME
        yield whole


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/nowhere", "/"])
async def test_every_page_names_the_instance_as_text(whole: System, path: str) -> None:
    whole.issuer.instance["name"] = NAME
    for headers in (BROWSER, {**BROWSER, **whole.cookie()}):
        page = await whole.http.get(path, headers=headers, follow_redirects=True)
        assert "&lt;b&gt;The Society&lt;/b&gt;</title>" in page.text
        assert NAME not in page.text


async def test_it_is_asked_once_for_many_pages_and_for_nothing_else(keeping: System) -> None:
    asked: list[str] = []

    async def tell(exchange: Exchange) -> None:
        asked.append(exchange.request.target)
        await exchange.reply_json({"name": NAME})

    keeping.auth.at_for_gateway[PATH] = tell
    for path in ("/healthz", "/readyz", "/static/none.css", "/ws"):
        await keeping.http.get(path)
    assert asked == []
    pages = await asyncio.gather(*(keeping.http.get("/sign-in") for _ in range(20)))
    assert asked == [PATH]
    assert all("The Society" in page.text for page in pages)


async def test_while_nobody_can_tell_it_stays_what_it_was(whole: System) -> None:
    whole.issuer.instance["name"] = NAME
    await whole.http.get("/sign-in")

    async def no(exchange: Exchange) -> None:
        await exchange.reply(500, b"oops")

    async def nonsense(exchange: Exchange) -> None:
        await exchange.reply(200, b"[1]")

    try:
        for handler in (no, nonsense):
            whole.auth.at_for_gateway[PATH] = handler
            assert "The Society" in (await whole.http.get("/sign-in")).text
    finally:
        whole.auth.at_for_gateway[PATH] = whole.issuer.tell_instance


async def test_pages_wait_no_longer_than_a_moment_for_who_does_not_answer(keeping: System) -> None:
    async def silence(_: Exchange) -> None:
        await asyncio.Event().wait()

    keeping.auth.at_for_gateway[PATH] = silence
    async with asyncio.timeout(TIMEOUT_S):
        assert "· Parley</title>" in (await keeping.http.get("/sign-in")).text
