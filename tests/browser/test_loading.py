"""What a page says when it did not come to life, or is no longer alive."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from tests.browser.visitors import Couple, Visitor, Visitors
from tests.system.people import PASSWORD

# The way there is on other pages, too, and in what Ctrl+K opens.
FOLLOW = """
const link = Object.assign(document.createElement("a"), {href: "/logout"});
document.body.append(link);
link.click();
"""
SCRIPT = re.compile(r"/static/app\.\w+\.js$")


async def lost(route: Route) -> None:
    await route.abort()


def altered(change: Callable[[str], str]) -> Callable[[Route], Any]:
    async def answer(route: Route) -> None:
        fetched = await route.fetch()
        headers = {"Content-Type": "text/javascript", "Cache-Control": "no-store"}
        await route.fulfill(headers=headers, body=change(await fetched.text()))

    return answer


@pytest.mark.parametrize(
    "handler",
    [
        lost,
        altered(lambda script: script + "\n1 +;"),  # what an older browser makes of newer words
        altered(lambda script: script.replace("function wireSpoilers() {", "function wireSpoilers() { lost();")),
    ],
    ids=["lost", "not understood", "failed as it began"],
)
async def test_a_page_whose_scripts_fail_says_so_and_works_as_without_them(
    handler: Any, visitors: Visitors, pair: Couple, request: pytest.FixtureRequest
) -> None:
    ada, grace = pair
    visitor = await visitors.window(ada)
    visitor.tolerates = re.compile("")
    await visitor.page.route(SCRIPT, handler)
    await visitor.open(f"/chat/{grace.name}")
    line = visitor.page.locator("#load-failure")
    await expect(line).to_contain_text("could not load everything")
    assert "js" not in (await visitor.page.locator("html").get_attribute("class") or "").split()
    text = f"Written without scripts: {request.node.name}"
    await visitor.area.fill(text)
    await visitor.page.locator("#composer").get_by_role("button", name="Send").click()
    await visitor.sees(text)
    await expect(line).to_be_visible()  # the new page has asked for its scripts, too
    await visitor.page.unroute_all(behavior="wait")
    await line.get_by_role("button", name="Reload").click()
    await visitor.live()
    await expect(line).to_have_count(0)


async def test_what_cannot_be_loaded_later_is_told_and_the_line_can_be_closed(visitors: Visitors, pair: Couple) -> None:
    visitor = await visitors.window(pair[0])
    visitor.tolerates = re.compile("stream_list|ERR_FAILED")
    await visitor.page.route(re.compile(r"/static/stream_list\.\w+\.js$"), lost)
    await visitor.open("/video")
    line = visitor.page.locator("#load-failure")
    await expect(line).to_contain_text("could not load everything")
    await line.get_by_role("button", name="Close").click()
    await expect(line).to_have_count(0)


async def test_a_page_that_gets_no_connection_says_what_that_means(visitors: Visitors, pair: Couple) -> None:
    visitor = await visitors.window(pair[0])

    def stay_silent(_: WebSocketRoute) -> None: ...

    await visitor.page.route_web_socket(re.compile(r"/ws$"), stay_silent)
    await visitor.page.clock.install()
    await visitor.open("/")
    line = visitor.page.locator("#connection")
    await visitor.page.clock.run_for(9_000)
    await expect(line).to_contain_text("Connecting …")
    await visitor.page.clock.run_for(2_000)
    await expect(line).to_contain_text("No connection.")


async def kept(visitor: Visitor) -> list[str]:
    keys = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((key) => key.startsWith('parley.'))"
    names: list[str] = await visitor.page.evaluate(keys)
    return names


async def test_signing_out_leads_to_the_sign_in_and_leaves_nothing_behind(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    ada.tolerates = re.compile("status of 401.*/draft")  # kept when she pauses: her session may be over by then
    other_page = await ada.context.new_page()
    await other_page.goto(f"{ada.site.system.url}/")
    closed = asyncio.Event()
    ada.page.on("websocket", lambda socket: socket.on("close", lambda _: closed.set()))
    await ada.chat_with(grace)
    await ada.area.fill("half a draft")
    await ada.page.evaluate("localStorage.setItem('parley.upload.ada.1', '{}')")

    async def answer_late(route: Route) -> None:
        """The session is over, and the page's own socket hears of it, before the answer is here."""
        fetched = await route.fetch(max_redirects=0)
        await closed.wait()
        await route.fulfill(response=fetched)

    await ada.page.route("**/logout", answer_late)
    await ada.page.evaluate(FOLLOW)
    await ada.page.wait_for_url("**/sign-in")
    await other_page.wait_for_url("**/sign-in")
    assert await kept(ada) == []
    assert "access_token" not in {cookie["name"] for cookie in await ada.context.cookies()}


async def test_erasing_the_account_leaves_nothing_behind_in_the_browser(visitors: Visitors) -> None:
    (ada,) = await visitors.people("ada")
    closed = asyncio.Event()
    ada.page.on("websocket", lambda socket: socket.on("close", lambda _: closed.set()))
    await ada.open("/settings")
    await ada.page.evaluate("localStorage.setItem('parley.upload.ada.1', '{}')")

    async def answer_late(route: Route) -> None:
        """As over plain HTTP, where browsers do not listen to what the server says of their storage."""
        fetched = await route.fetch(max_redirects=0)
        await closed.wait()
        headers = {name: value for name, value in fetched.headers.items() if name != "clear-site-data"}
        await route.fulfill(status=fetched.status, headers=headers)

    await ada.page.route("**/settings/erase", answer_late)
    await ada.page.get_by_text("Erase my account").click()
    await ada.page.locator('[name="erasing_password"]').fill(PASSWORD)
    await ada.page.locator('[name="erasing_password"]').press("Enter")
    await ada.page.wait_for_url("**/sign-in")
    await expect(ada.page.get_by_role("status")).to_contain_text("erased")
    assert await kept(ada) == []
