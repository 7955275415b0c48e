"""Ctrl+K: any person, room, message or command, from the keyboard or with a finger."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Locator, Route, expect

from gateway.domain.search_view import line
from servicekit.text_matches import matches
from tests.browser.conftest import Run
from tests.browser.test_accessibility import faults
from tests.browser.visitors import PHONE, Couple, Visitor, Visitors

LINES = [
    ("the **gradient** is `wrong`", ["gradient", "wrong"]),
    ("||the gradient|| is wrong", ["gradient", "wrong"]),
    ("> quoted\nand said", ["quoted", "and"]),
    ("see [the note](https://note.example/grace)", ["note", "grace"]),
    ("die Straße 👋🏽 im cafe\u0301", ["ss", "👋", "é"]),
    ("a rose", []),
]
# [a text, whether it is marked] of each piece
SHOWN = """({ markedLine }, lines) => lines.map(([text, marks]) => markedLine(text, marks)
  .filter((piece) => piece !== "").map((piece) => [piece.textContent ?? piece, piece instanceof Element]))"""


def window_of(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog", name="Find or jump to")


def active(visitor: Visitor) -> Locator:
    return window_of(visitor).locator('[role="option"][aria-selected="true"]')


async def ask(visitor: Visitor, text: str) -> Locator:
    """Its options, when all is found."""
    await window_of(visitor).get_by_role("combobox").fill(text)
    await expect(window_of(visitor).get_by_role("listbox")).to_have_attribute("aria-busy", "false")
    return window_of(visitor).get_by_role("option")


async def test_the_keyboard_leads_to_people_and_messages_and_back(couple: Couple) -> None:
    ada, grace = couple
    await grace.write("the gradient of the garden")
    await ada.sees("the gradient of the garden")
    await ada.page.keyboard.press("Control+k")
    field = window_of(ada).get_by_role("combobox")
    await expect(field).to_be_focused()
    await expect(active(ada)).to_have_attribute("href", f"/chat/{grace.name}")  # the last that was talked to
    await ada.page.keyboard.press("Escape")
    await expect(window_of(ada)).to_have_count(0)
    await expect(ada.area).to_be_focused()

    await ada.page.keyboard.press("Control+k")
    options = await ask(ada, grace.name[:-1].upper())
    await expect(options.first.locator("mark")).to_have_text([grace.name[:-1], grace.name[:-1]])
    await expect(field).to_have_attribute("aria-activedescendant", await active(ada).get_attribute("id") or "")
    options = await ask(ada, "GRADIENT of")
    await expect(options).to_have_count(2)
    await expect(options.first.locator("mark")).to_have_text(["gradient", "of"])
    await expect(window_of(ada).get_by_role("status")).to_have_text("Found: 1")
    await ada.page.keyboard.press("ArrowUp")
    await expect(active(ada)).to_contain_text("Search everywhere")
    await ada.page.keyboard.press("ArrowDown")
    await ada.page.keyboard.press("Enter")
    await expect(ada.page).to_have_url(re.compile(r"/chat/[^?]+\?around=\d+#message-\d+$"))
    await ada.sees("the gradient of the garden")


async def test_signs_ask_for_people_rooms_and_commands_alone(couple: Couple) -> None:
    ada, grace = couple
    await ada.page.keyboard.press("Control+k")
    options = await ask(ada, f"@{grace.name}")
    assert {*await hrefs(options)} >= {f"/chat/{grace.name}"}
    assert all(href.startswith(("/chat/", "/search")) for href in await hrefs(options))
    options = await ask(ada, "#lob")
    assert "/rooms/lobby" in await hrefs(options)
    assert all(href.startswith(("/rooms/", "/search")) for href in await hrefs(options))
    dark = await ada.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    options = await ask(ada, ">dark")
    await expect(options).to_have_count(1)
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.locator("html")).to_have_attribute("data-theme", "light" if dark else "dark")
    await ada.page.keyboard.press("Control+k")
    await ask(ada, "from:me garden & more")
    await ada.page.keyboard.press("Control+Enter")
    await expect(ada.page).to_have_url(re.compile("/search"))
    assert parse_qs(urlsplit(ada.page.url).query) == {"query": ["from:me garden & more"]}


async def test_what_may_follow_an_operator_is_offered_and_put_into_the_field(couple: Couple) -> None:
    ada, grace = couple
    await ada.page.keyboard.press("Control+k")
    field = window_of(ada).get_by_role("combobox")
    await ask(ada, f"tea from:{grace.name[:-1]}")
    await expect(active(ada)).to_contain_text(f"from:{grace.name}")
    await ada.page.keyboard.press("Enter")
    await expect(field).to_have_value(f"tea from:{grace.name} ")
    await expect(field).to_be_focused()
    await ask(ada, "has:PI")  # which the service would refuse
    await expect(active(ada)).to_contain_text("picture")
    await expect(window_of(ada).locator(".error")).to_have_count(0)
    await ada.page.keyboard.press("Enter")
    await expect(field).to_have_value("has:picture ")
    await ask(ada, '"has:pi')  # in quotes it is none
    await expect(window_of(ada).get_by_role("group", name="Narrow it down")).to_have_count(0)


async def test_the_page_of_search_completes_them_too(ada: Visitor) -> None:
    await ada.open("/search")
    field, chosen = ada.page.locator("#query"), ada.page.locator('.completion [aria-selected="true"]')
    await expect(field).to_have_attribute("role", "combobox")
    await field.press_sequentially("roses in:#lob")
    await expect(chosen).to_contain_text("lobby")
    assert await faults(ada) == []
    await field.press("Enter")
    await expect(field).to_have_value("roses in:#lobby ")
    await expect(chosen).to_have_count(0)
    await field.press_sequentially("after:")
    await expect(chosen).to_contain_text("Today")
    await field.press("ArrowUp")
    await expect(chosen).to_contain_text("A month ago")
    await field.press("Tab")
    await expect(field).to_have_value(re.compile(r"^roses in:#lobby after:\d{4}-\d\d-\d\d $"))
    await field.press("Enter")
    await expect(ada.page).to_have_url(re.compile("/search[?]query=roses"))
    await ada.open("/search?query=from:me")
    await expect(field).to_have_attribute("role", "combobox")
    await expect(chosen).to_have_count(0)  # before somebody writes there


async def hrefs(options: Locator) -> list[str]:
    return [str(await one.get_attribute("href")) for one in await options.all()]


async def test_who_asks_too_often_waits_and_what_comes_late_is_not_shown(ada: Visitor) -> None:
    asked: list[str] = []

    async def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            await route.fulfill(status=429, headers={"Retry-After": "0.2"}, json={"code": "too_many_at_once"})
        else:
            await route.fulfill(json=[{"username": "late"}] if "old" in route.request.url else [{"username": "new"}])

    await ada.page.route("**/api/people?*", refuse_once)
    ada.tolerates = re.compile("429")
    await ada.page.keyboard.press("Control+k")
    options = await ask(ada, "@old")
    await expect(options.first).to_contain_text("@late")
    assert len(asked) == 2
    await window_of(ada).get_by_role("combobox").fill("@old2")
    options = await ask(ada, "@ne")
    await expect(options.first).to_contain_text("@new")
    await expect(options.filter(has_text="@late")).to_have_count(0)
    await ada.page.unroute("**/api/people?*")


async def test_a_finger_opens_it_on_all_of_a_phone(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0], viewport=PHONE, has_touch=True, is_mobile=True)
    ada.tolerates = re.compile("/api/avatars/")  # of people of other tests, who show what is not there
    await ada.open("/")
    await ada.live()
    await ada.page.get_by_role("searchbox").first.tap()
    await expect(window_of(ada)).to_be_visible()
    box = await window_of(ada).bounding_box()
    assert box == {"x": 0, "y": 0, **PHONE}
    options = await ask(ada, "a")
    heights = await options.evaluate_all("(options) => options.map((one) => one.getBoundingClientRect().height)")
    assert min(heights) >= 44
    assert await faults(ada) == []
    await window_of(ada).get_by_role("button", name="Close").tap()
    await expect(window_of(ada)).to_have_count(0)
    await ada.page.set_viewport_size({"width": 320, "height": 640})
    await ada.open("/search?query=a")
    assert await ada.page.evaluate("document.documentElement.scrollWidth") == 320


async def test_where_it_cannot_be_had_the_page_of_search_comes(ada: Visitor) -> None:
    await ada.page.route("**/switcher.*.js", lambda route: route.abort())
    ada.tolerates = re.compile("Failed to load resource")
    await ada.page.keyboard.press("Control+k")
    await expect(ada.page).to_have_url(re.compile("/search$"))
    await ada.page.unroute("**/switcher.*.js")


async def test_scripts_mark_lines_as_the_server_does(ada: Visitor, run: Run) -> None:
    await ada.page.keyboard.press("Control+k")
    await expect(window_of(ada)).to_be_visible()
    marks = [(text, matches(text, words)) for text, words in LINES]
    assert await run("marks", SHOWN, marks) == [[list(piece) for piece in line(text, found)] for text, found in marks]
