"""axe-core finds nothing serious on any page, in either theme."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.test_files import choose, chosen, put, send, sound
from tests.browser.test_pictures import GIVE, picture
from tests.browser.visitors import PHONE, Couple, Visitor, Visitors
from tests.system.admin_command import admin
from tests.system.parleys import Parley

ADMIN_PAGES = (
    "/admin",
    "/admin/welcome",
    "/admin/people",
    "/admin/people?state=banned",
    "/admin/invitations",
    "/admin/reports",
    "/admin/audit",
    "/admin/instance",
    "/invitations",
)
Theme = Literal["light", "dark"]
SERIOUS = {"serious", "critical"}
MARKUP = """# A plan for @grace
- **bold**, `code`, ||hidden||

> as was said

```python
x = 1  # one
```"""
AXE = Axe().axe_script
RUN = "async ([within, options]) => (await axe.run(within ?? document, options)).violations"
# What axe is asked in the theme that the page has, and in the other, which differs from it in its colours alone.
# "region" is moderate at most, and a tenth of the time.
ALL: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"region": {"enabled": False}}}
OF_COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
# A colour that is still changing into another has the contrast of neither. Not waited for: where nothing is drawn, as
# in a closed <details>, it would never end.
SETTLED = """
document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
  .forEach((one) => one.finish())
"""


async def faults(visitor: Visitor, within: str | None = None) -> list[str]:
    """What axe holds against the page as it is now, in both themes; on a long page, against that part of it."""
    found = []
    is_dark = await visitor.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    themes: tuple[Theme, Theme] = ("dark", "light") if is_dark else ("light", "dark")
    if await visitor.page.evaluate("typeof axe === 'undefined'"):
        await visitor.page.evaluate(AXE)
    for theme, options in zip(themes, (ALL, OF_COLOURS), strict=True):
        await visitor.page.emulate_media(color_scheme=theme)
        await visitor.page.evaluate(SETTLED)
        told = await visitor.page.evaluate(RUN, [within, options])
        found += [
            f"{visitor.page.url} {theme} {fault['id']}: {node['target']} {node.get('failureSummary', '')}"
            for fault in told
            if fault["impact"] in SERIOUS
            for node in fault["nodes"]
        ]
    return found


async def test_pages_of_strangers(visitors: Visitors) -> None:
    stranger = await visitors.stranger()
    for path in ("/sign-in", "/sign-up"):
        await stranger.open(path)
        assert await faults(stranger) == []


async def test_pages_of_who_is_signed_in(couple: Couple) -> None:
    ada, grace = couple
    await say_much(ada, grace)
    found = []
    for path in (
        "/",
        f"/chat/{grace.name}",
        "/rooms/lobby",
        "/mentions",
        "/you",
        "/settings",
        "/video",
        f"/search?query={grace.name[:3]}",
    ):
        await ada.open(path)
        await ada.live()
        assert await ada.page.locator("h1:not(.text h1)").count() == 1
        found += await faults(ada)
    assert found == []


@pytest.mark.timeout(180)  # as many pages as there are
async def test_pages_of_who_runs_the_instance_and_of_who_comes(site: Parley, visitors: Visitors) -> None:
    owner, member = await visitors.people("ada", "grace")
    await admin(site, "role", owner.name, "owner")
    await admin(site, "ban", (await site.person("linus")).name)
    await report(site, member, owner.name)
    stranger = await visitors.stranger()
    stranger.tolerates = owner.tolerates = re.compile("status of 4")
    invitation, claim, reset = [
        urlsplit((await admin(site, *command)).split()[0]).path
        for command in (("invite",), ("claim-link",), ("reset-link", member.name))
    ]
    found = []
    for path in (invitation, claim, reset, "/claim/none", "/reset/none", "/invite/none"):
        await stranger.open(path)
        found += await faults(stranger)
    for path in ("/claim/none", invitation, claim, *ADMIN_PAGES, f"/admin/people/{member.name}"):
        await owner.open(path)
        assert await owner.page.locator("h1").count() == 1
        found += await faults(owner)
    assert found == []


async def test_what_opens_over_a_chat(couple: Couple) -> None:
    ada, _ = couple
    await ada.write("To use over a chat")
    await ada.sees_state("To use over a chat", "read")
    await ada.use("To use over a chat", "reply")
    await ada.use("To use over a chat", "react")
    found = await faults(ada)
    await ada.page.keyboard.press("Escape")
    await ada.area.fill("x" * 3_990)
    await ada.area.press_sequentially(" :hear")
    await expect(ada.page.locator("#completions [role=option]")).to_have_count(8)
    found += await faults(ada)
    await ada.area.fill("")
    await ada.use("To use over a chat", "delete")
    found += await faults(ada)
    assert found == []


async def test_what_keeps_order(pair: Couple) -> None:
    ada, grace = pair
    room = await kept_in_order(ada, grace, "kept-in-order")
    found = []
    for visitor, path in ((grace, room), (ada, f"/chat/{grace.name}"), (ada, room)):
        await visitor.open(path)
        await visitor.live()
        for summary in await visitor.page.locator("#details summary:not(.asks > summary)").all():
            await summary.click()
        found += await faults(visitor)
    await ada.articles.last.locator("summary").click()
    await ada.use("Rude words", "report")
    found += await faults(ada)
    assert ada.person is not None
    await ada.person.ask("DELETE", f"/api/blocks/{grace.name}")
    assert found == []


async def test_files_chosen_recorded_and_looked_at(couple: Couple, tmp_path: Path) -> None:
    ada, _ = couple
    ada.tolerates = re.compile("status of 415")
    pictures = {f"{number}__png": picture(60 + number) for number in range(2)}
    await send(ada, "Files", *put(tmp_path, a__txt=b"Hello", b__wav=sound(), **pictures))
    await choose(ada, *put(tmp_path, fake__png=b"no picture", notes__txt=b"Some notes"))
    await expect(chosen(ada, "failed")).to_have_count(1)
    await expect(chosen(ada, "done")).to_have_count(1)
    found = await faults(ada)
    await ada.page.locator('[data-action="record"]').click()
    await expect(ada.page.locator("#recorder")).to_be_visible()
    found += await faults(ada)
    await ada.page.keyboard.press("Escape")
    await ada.article("Files").locator(".gallery a").first.click()
    found += await faults(ada)
    assert found == []


async def test_a_chat_on_a_phone(visitors: Visitors, couple: Couple) -> None:
    phone = await visitors.window(couple[0], viewport=PHONE, has_touch=True, is_mobile=True)
    await phone.chat_with(couple[1])
    assert await faults(phone) == []
    width = await phone.page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]


async def kept_in_order(ada: Visitor, grace: Visitor, name: str) -> str:
    """A room of Ada's in slow mode, in which Grace is timed out, whom Ada has blocked."""
    assert ada.person is not None
    assert grace.person is not None
    room = f"/api/rooms/{name}"
    await ada.person.ask("POST", "/api/rooms", json={"name": name})
    await grace.person.ask("PUT", f"{room}/members/{grace.name}")
    await grace.person.ask("POST", f"{room}/messages", json={"message": "Rude words"})
    await ada.person.ask("PUT", f"{room}/timeouts/{grace.name}", json={"seconds": 3_600})
    await ada.person.ask("PATCH", room, json={"slow_mode_s": 60})
    await ada.person.ask("PUT", f"/api/blocks/{grace.name}")
    return f"/rooms/{name}"


async def report(site: Parley, reporter: Visitor, username: str) -> None:
    assert reporter.person is not None
    headers = {"Authorization": f"Bearer {reporter.person.token}"}
    answer = await site.http.post("/api/reports", json={"username": username, "reason": "Rude"}, headers=headers)
    assert answer.status_code == 201


async def say_much(ada: Visitor, grace: Visitor) -> None:
    """A chat with a bit of everything."""
    encoded = b64encode(picture(11)).decode()
    await ada.area.evaluate(GIVE, {"kind": "paste", "encoded": encoded})
    await ada.write("A picture, and https://example.org/")
    await expect(grace.article("A picture, and https://example.org/").last).to_be_visible()
    await ada.write(MARKUP)
    await expect(grace.page.locator(".text blockquote").last).to_be_visible()
    await expect(ada.page.locator('#log > article[data-state="sending"]')).to_have_count(0)
