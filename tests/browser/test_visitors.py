"""Nothing that a test does to a page reaches the next test, though the page may."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

from tests.browser.visitors import Visitors

CHANGES: dict[str, Callable[[Page], Awaitable[object]]] = {
    "clock": lambda page: page.clock.install(),
    "route": lambda page: page.route("**/none", lambda route: route.abort()),
    "script": lambda page: page.add_init_script("0"),
    "size": lambda page: page.set_viewport_size({"width": 360, "height": 740}),
    "theme": lambda page: page.emulate_media(color_scheme="dark"),
}


async def test_a_page_that_was_only_used_stays_and_keeps_nothing(visitors: Visitors) -> None:
    stranger = await visitors.stranger()
    page = stranger.page
    await stranger.open("/sign-in")
    await page.evaluate("sessionStorage.setItem('kept', '1')")
    await stranger.begin_anew()
    assert stranger.page is page
    assert page.url == "about:blank"
    await stranger.open("/sign-in")
    assert await page.evaluate("sessionStorage.getItem('kept')") is None


@pytest.mark.parametrize("what", CHANGES)
async def test_a_page_that_was_changed_for_good_is_replaced_once(visitors: Visitors, what: str) -> None:
    stranger = await visitors.stranger()
    page = stranger.page
    await CHANGES[what](page)
    await stranger.begin_anew()
    assert stranger.page is not page
    page = stranger.page
    await stranger.begin_anew()
    assert stranger.page is page
