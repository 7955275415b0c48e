"""What the page makes of the reader's wishes: theme, zone and language."""

import re
from typing import Any

from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitors

NOT_FOUND = re.compile("404")
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
NARROW = {"width": 320, "height": 640}
# What is wider than the page, and words of the bar at the bottom that are broken in two.
UNFIT = """
() => [
  ...[document.documentElement].filter((page) => page.scrollWidth > 320),
  ...[...document.querySelectorAll(".tabs-bar a > span:last-child")].filter((one) => one.offsetHeight > 20),
].map((one) => one.textContent.slice(0, 40))
"""


async def test_the_theme_is_switched_at_once_and_stays(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0], color_scheme="light")
    await ada.open("/you")
    light = await ada.page.evaluate(BACKGROUND)
    await ada.page.evaluate("window.stayed = true")
    await ada.page.locator('[data-action="theme"]').first.click()
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await ada.page.evaluate("window.stayed")
    assert await ada.page.evaluate(BACKGROUND) != light
    await ada.page.reload()
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "dark")
    await ada.page.locator('[data-action="theme"]').first.click()
    assert await ada.page.evaluate(BACKGROUND) == light


async def test_a_picture_that_cannot_be_had_leaves_the_letters_and_asks_nobody_else(
    visitors: Visitors,
) -> None:
    ada = await visitors.person("ada")
    ada.tolerates = NOT_FOUND
    url = ada.site.system.url
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    form: Any = {"avatar_url": "https://nowhere.invalid/a.png"}
    response = await ada.page.request.post(f"{url}/api/update-avatar", form=form, headers={"Origin": url})
    assert response.ok
    await ada.open("/settings")
    for avatar in (ada.page.locator(".side .me .avatar"), ada.page.locator(".profile-row .avatar")):
        await expect(avatar.locator("img")).to_have_count(0)
        await expect(avatar).to_have_text(re.compile(r"\w"))
    assert any("/api/avatars/" in one for one in asked)
    assert all(one.startswith(url) for one in asked)


async def test_times_are_those_of_the_readers_zone(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    await ada.write("What time is it?")
    await ada.sees_state("What time is it?", "read")
    far = await visitors.window(grace, timezone_id="Pacific/Kiritimati")  # 14 hours before UTC
    await far.chat_with(ada)
    time = far.article("What time is it?").locator("time")
    moment = await time.get_attribute("datetime")
    assert moment
    hour = (int(moment[11:13]) + 14) % 24
    assert (await time.text_content() or "").startswith(f"{hour:02}:{moment[14:16]}")


async def test_words_of_the_scripts_are_in_the_language_of_the_page(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0], locale="de-DE")
    await ada.chat_with(pair[1])
    await expect(ada.page.locator("html")).to_have_attribute("lang", re.compile("^de"))
    await ada.write("Hallo")
    await ada.sees_state("Hallo", "sent")
    await expect(ada.article("Hallo").locator(".state")).to_have_text("Gesendet")
    await expect(ada.page.locator("#log .day").last).to_have_text("Heute")


async def test_why_a_message_was_refused_is_said_in_the_language_of_the_page(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0], locale="de-DE")
    await ada.chat_with(pair[1])
    await ada.write("Ein Zeichen, das niemand behält: \x00")
    failure = ada.page.locator("#log article .failure")
    await expect(failure).to_contain_text("Die Nachricht enthält ein Zeichen")
    await failure.locator('[data-action="discard"]').click()
    await expect(failure).to_have_count(0)


async def test_german_texts_fit_a_narrow_phone(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0], locale="de-DE", viewport=NARROW, has_touch=True, is_mobile=True)
    unfit = {}
    for path in ("/", "/?show=all", f"/chat/{pair[1].name}", "/settings"):
        await ada.open(path)
        unfit[path] = await ada.page.evaluate(UNFIT)
    assert not any(unfit.values()), unfit
