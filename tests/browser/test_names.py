"""Whose a name is: a nickname may be another's username, and long; the username beside it is seen all the same."""

import pytest
from playwright.async_api import expect

from tests.browser.visitors import DESKTOP, PHONE, Visitors

PRETENDED = "Grace Hopper, Rear Admiral of the United States Navy, retired"


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_the_username_is_seen_where_a_nickname_is_anothers(visitors: Visitors, viewport: dict[str, int]) -> None:
    ada, grace = await visitors.people("ada", "grace", viewport=viewport)
    url = f"{ada.site.system.url}/api/update-nickname"
    assert (await ada.page.request.post(url, form={"nickname": PRETENDED})).ok
    await grace.chat_with(ada)
    await ada.chat_with(grace)
    await ada.write("It is me")
    await grace.sees("It is me")
    handle = f"@{ada.name}"
    live = grace.article("It is me").locator(".head .handle")
    await expect(live).to_have_text(handle)
    await expect(live).to_be_in_viewport(ratio=1)
    title = grace.page.locator(".talk-head h1 .handle")
    await expect(title).to_have_text(handle)
    await expect(title).to_be_in_viewport(ratio=1)
    await grace.page.reload()
    await expect(live).to_have_text(handle)
    await grace.open("/")
    listed = grace.page.locator(f'#conversations [data-conversation="{handle}"] .handle')
    await expect(listed).to_have_text(handle)
    await expect(listed).to_be_in_viewport(ratio=1)


async def test_a_name_that_is_ones_own_username_is_not_said_twice(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await grace.chat_with(ada)
    await ada.chat_with(grace)
    await ada.write("It is me")
    await grace.sees("It is me")
    await expect(grace.article("It is me").locator(".head .handle")).to_be_hidden()
    await expect(grace.page.locator(".talk-head h1 .handle")).to_have_count(0)
