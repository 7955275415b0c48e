"""`/docs`: each operation can be tried where it is described."""

import re

from playwright.async_api import FilePayload, Locator, expect

from tests.browser.test_accessibility import faults
from tests.browser.visitors import Visitor, Visitors
from tests.system.parleys import Parley


def file(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


async def opened(visitor: Visitor, operation: str) -> Locator:
    article = visitor.page.locator(f"article#{operation}")
    await article.get_by_role("button", name="Try it").click()
    await expect(article.locator("form.call")).to_be_visible()
    return article


async def sent(article: Locator, status: str) -> str:
    """What came back, when that has this status."""
    await article.get_by_role("button", name="Send ").click()
    await expect(article.get_by_role("status")).to_have_text(status)
    return await article.locator("form pre").inner_text()


async def test_operations_are_tried_as_who_is_signed_in_or_with_a_token(site: Parley, visitors: Visitors) -> None:
    (ada,) = await visitors.people("ada")
    grace = await site.person("grace")
    await ada.open("/docs")

    profile = await opened(ada, "get_api_user_profile")
    assert f'"username": "{ada.name}"' in await sent(profile, "200 OK")
    await ada.page.get_by_label("Token").fill(grace.token)
    assert f'"username": "{grace.name}"' in await sent(profile, "200 OK")
    await ada.page.get_by_label("Token").fill("")

    message = await opened(ada, "post_api_messages_other_username")
    await message.get_by_label("other_username").fill(grace.name)
    await message.get_by_label("application/json").fill('{"message": "From the contract"}')
    assert '"message": "From the contract"' in await sent(message, "201 Created")
    history = await opened(ada, "get_api_messages_other_username")
    await history.get_by_label("other_username").fill(grace.name)
    await history.get_by_label("limit").fill("1")
    assert '"message": "From the contract"' in await sent(history, "200 OK")

    nickname = await opened(ada, "post_api_update_nickname")
    await nickname.get_by_label("nickname").fill("Ada & friends")
    assert '"nickname": "Ada & friends"' in await sent(nickname, "200 OK")

    upload = await opened(ada, "post_api_user_upload_files")
    files = [file("a.txt", b"plain text"), file("b.bin", b"\0\1\2")]
    await upload.get_by_label("multipart/form-data").set_input_files(files)
    text, other = re.findall(r'"url": "/api/files/([^"]+)"', await sent(upload, "200 OK"))
    download = await opened(ada, "get_api_files_file_id")
    await download.get_by_label("file_id").fill(text)
    assert (await sent(download, "200 OK")).endswith("plain text")
    await download.get_by_label("file_id").fill(other)
    await download.get_by_role("button", name="Send ").click()
    await expect(download.locator("form pre")).to_contain_text("(application/octet-stream is not shown)")
    # axe goes through the whole page, whatever it is asked about: that of hundreds of operations takes it seconds.
    await ada.page.locator("article.operation:not(:has(form.call))").evaluate_all(
        "all => all.forEach(one => one.remove())"
    )
    assert await ada.page.locator("article.operation").count() == 6
    assert await faults(ada, "article:has(form.call)") == []


async def test_a_refusal_is_shown_as_it_came(visitors: Visitors) -> None:
    stranger = await visitors.stranger()
    stranger.tolerates = re.compile("status of 404")
    await stranger.open("/docs")
    invitation = await opened(stranger, "get_api_invitations_code")
    await invitation.get_by_label("code").fill("none such")
    assert '"code": "unknown_link"' in await sent(invitation, "404 Not Found")
