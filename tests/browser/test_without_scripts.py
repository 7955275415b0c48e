"""The same chat with scripts switched off."""

import re
from pathlib import Path

from playwright.async_api import expect

from tests.browser.test_files import put, sound
from tests.browser.test_pictures import picture
from tests.browser.visitors import Couple, Visitors
from tests.system.people import PASSWORD


async def test_two_people_talk_without_scripts(couple: Couple, visitors: Visitors, tmp_path: Path) -> None:
    ada, grace = await visitors.window(couple[0], java_script_enabled=False), couple[1]
    send = ada.page.locator('#composer [data-action="send"]')
    await ada.open(f"/chat/{grace.name}")
    await ada.area.fill("Without scripts\non two lines")
    await send.click()
    await ada.sees("Without scripts\non two lines")
    await grace.sees("Without scripts\non two lines")
    await grace.write("With them")
    await expect(grace.article("With them")).not_to_have_attribute("data-state", "sending")
    await ada.page.reload()
    await ada.sees("With them")

    path = tmp_path / "plain.png"
    path.write_bytes(picture(7))
    await ada.page.locator('input[name="files"]').set_input_files(path)
    await ada.area.fill("A picture")
    await send.click()
    await expect(ada.article("A picture").locator(".attachments img")).to_have_count(1)
    await expect(grace.article("A picture").locator(".attachments img")).to_have_count(1)


async def test_files_of_any_kind_are_sent_and_had_without_scripts(
    couple: Couple, visitors: Visitors, tmp_path: Path
) -> None:
    ada, grace = await visitors.window(couple[0], java_script_enabled=False), couple[1]
    await ada.open(f"/chat/{grace.name}")
    field = ada.page.locator('input[name="files"]')
    box = await field.bounding_box()
    assert box is not None
    assert box["width"] > 200, "one sees what is chosen"
    await field.set_input_files(put(tmp_path, notes__txt=b"Plain", tone__wav=sound()))
    await ada.area.fill("Two files")
    await ada.page.locator('#composer [data-action="send"]').click()
    article = ada.article("Two files")
    await expect(article.locator("audio")).to_be_visible()
    await expect(article.locator(".player, .peek")).to_have_count(2)
    for part in await article.locator(".player, .peek").all():
        await expect(part).to_be_hidden()
    answer = await ada.page.request.get(
        ada.site.system.url + (await article.locator(".file .name").get_attribute("href") or "")
    )
    assert await answer.text() == "Plain"
    await expect(grace.article("Two files").locator(".file .peek")).to_have_text("Plain")


async def test_every_refused_file_is_named_without_scripts(pair: Couple, visitors: Visitors, tmp_path: Path) -> None:
    ada = await visitors.window(pair[0], java_script_enabled=False)
    ada.tolerates = re.compile("status of 415")
    await ada.open(f"/chat/{pair[1].name}")
    files = put(tmp_path, one__png=b"no picture", two__png=b"no picture either", good__txt=b"Fine")
    await ada.page.locator('input[name="files"]').set_input_files(files)
    await ada.area.fill("Three files")
    await ada.page.locator('#composer [data-action="send"]').click()
    for name in ("one.png: ", "two.png: "):
        await expect(ada.page.locator("#message-error")).to_contain_text(name)
    await expect(ada.page.locator("#message-error")).not_to_contain_text("good.txt")
    await expect(ada.area).to_have_value("Three files")


async def test_messages_are_edited_answered_reacted_to_and_deleted_without_scripts(
    pair: Couple, visitors: Visitors
) -> None:
    ada, grace = [await visitors.window(one, java_script_enabled=False) for one in pair]
    send = ada.page.locator('#composer [data-action="send"]')
    await ada.open(f"/chat/{grace.name}")
    await ada.area.fill("Halo")
    await send.click()
    await ada.use("Halo", "edit")
    editor = ada.page.locator("article form.editor")
    await editor.locator("textarea").fill("Hallo there")
    await editor.get_by_role("button").click()
    await expect(ada.article("Hallo there")).to_have_attribute("data-edited", "")

    await grace.open(f"/chat/{ada.name}")
    await grace.use("Hallo there", "react")
    await grace.page.locator("form.picker button").first.click()
    await expect(grace.article("Hallo there").locator("[data-emoji]")).to_have_attribute("aria-pressed", "true")
    await grace.use("Hallo there", "reply")
    await grace.area.fill("Hi yourself")
    await grace.page.locator('#composer [data-action="send"]').click()
    await expect(grace.article("Hi yourself").locator(".reply")).to_contain_text("Hallo there")

    await ada.page.reload()
    place = f"#{await ada.article('Hallo there').get_attribute('id')}"
    await ada.use("Hallo there", "delete")
    await ada.page.locator("article form.confirm").get_by_role("button").click()
    await expect(ada.article("Hallo there")).to_have_count(0)
    await expect(ada.page.locator(place)).to_have_attribute("data-deleted", "")


async def test_signing_in_leads_to_where_one_wanted_to_go(pair: Couple, visitors: Visitors) -> None:
    grace = pair[1]
    ada = await visitors.stranger(pair[0].name, java_script_enabled=False)
    await ada.open(f"/chat/{grace.name}")
    await expect(ada.page).to_have_url(re.compile("/sign-in"))
    await ada.page.locator('[name="username"]').fill(ada.name)
    await ada.page.locator('[name="password"]').fill(PASSWORD)
    await ada.page.locator('[name="password"]').press("Enter")
    await expect(ada.page).to_have_url(re.compile(f"/chat/{grace.name}"))
    await ada.open("/you")
    await ada.page.get_by_role("link", name="Sign out").click()
    await expect(ada.page).to_have_url(re.compile("/sign-in"))
