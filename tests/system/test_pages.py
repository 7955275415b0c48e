"""Every page of a whole Parley: safe, accessible, in the language and theme of its reader, and small."""

import gzip
import re
from typing import Any

import httpx
import pytest

from tests.system.parleys import Parley
from tests.system.plain_browsers import PlainBrowser, Shown, Two, articles, numbers, plain_browser

MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
FIRST_VIEW_BYTES_MAX = 100 * 1024
LINK = 'a[rel="noopener noreferrer nofollow"]'


# What people write


@pytest.mark.parametrize(
    "text, address",
    [
        ("see https://example.org/a_(b)?c=d&e=<f>.", "https://example.org/a_(b)?c=d&e="),
        ("(http://example.org)", "http://example.org"),
    ],
)
async def test_addresses_are_links_that_tell_nobody_where_one_came_from(two: Two, text: str, address: str) -> None:
    page = await two.write(text)
    assert [one["href"] for one in page.all(f"article .text {LINK}")] == [address]
    assert page.one("article .text").get_text() == text


async def test_what_people_write_is_text_on_every_page(two: Two, shared: Parley) -> None:
    ada, grace = await shared.sign_in(two.ada_name), await shared.sign_in(two.grace_name)
    await ada.ask("POST", "/api/update-nickname", data={"nickname": MARKUP[:60]})
    await ada.ask("POST", "/api/update-avatar", data={"avatar_url": "https://evil.test/?a='onerror=alert(1)'&b"})
    room = f"room-{next(numbers)}"
    await ada.ask("POST", "/api/rooms", json={"name": room, "topic": MARKUP})
    await ada.ask("POST", f"/api/rooms/{room}/messages", json={"message": MARKUP + " javascript:alert(3)"})
    sent = await ada.ask("POST", f"/api/messages/{two.grace_name}", json={"message": f"javascript:alert(4) {MARKUP}"})
    await grace.ask("POST", f"/api/messages/{two.ada_name}", json={"message": MARKUP, "reply_to": sent.json()["id"]})
    paths = ["/", f"/chat/{two.grace_name}", f"/rooms/{room}", "/settings", "/video", f"/video?watch={MARKUP}"]
    for path in [
        *paths,
        "/search?query=alert",
        f"/search?query={MARKUP}",
        f"/sign-in?next=/{MARKUP}",
        f"/chat/{MARKUP}",
    ]:
        page = await two.ada.go(path)
        assert_safe(page)
    for path in (f"/chat/{two.ada_name}", f"/rooms/{room}", "/search?query=alert"):
        assert_safe(await two.grace.go(path))
    page = await two.read()
    assert page.text("h1") == f"{MARKUP[:60].strip()} @{two.ada_name}"
    assert page.all("article .text a") == []
    typed = {"username": MARKUP, "email": MARKUP, "password": "secret horse"}
    refused = Shown(await two.ada.http.post("/sign-up", data=typed))
    assert refused.one('[name="username"]')["value"] == MARKUP
    assert "secret horse" not in refused.source
    assert_safe(refused)


def assert_safe(page: Shown) -> None:
    """Nothing in it runs, looks or leads anywhere because a person wrote it."""
    for script in page.all("script"):
        assert str(script.get("src", "")).startswith("/static/") or script["type"] == "application/json"
    for tag in page.html.find_all(True):
        for name, value in tag.attrs.items():
            assert not name.startswith("on"), tag
            assert name != "style", tag
            if name in {"href", "src", "action"}:
                assert str(value) == "" or str(value).startswith(("/", "#", "?", "https://", "http://")), tag
    assert page.all('img[src="x"]') == []
    assert "49" not in page.text("title")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert page.headers["permissions-policy"].startswith("camera=(self), microphone=(self)")
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_no_page_holds_a_token(two: Two) -> None:
    token = two.ada.http.cookies["access_token"]
    for path in ("/", f"/chat/{two.grace_name}", "/rooms/lobby", "/settings", "/video", "/search?query=a"):
        page = await two.ada.go(path)
        assert token not in page.source
        assert "eyJ" not in page.source


# Every page


@pytest.mark.parametrize("path", ["/", "/rooms/lobby", "/settings", "/video", "/search", "/search?query=a", "/nothing"])
async def test_every_page_can_be_read_aloud(ada: PlainBrowser, path: str) -> None:
    page = await ada.go(path)
    assert_accessible(page)


async def test_the_page_of_a_chat_can_be_read_aloud(two: Two) -> None:
    await two.write("Hello")
    page = await two.read()
    assert_accessible(page)
    assert page.one("#log")["aria-live"] == "polite"
    await two.grace.go(f"/chat/{two.ada_name}?react={page.one('article')['data-id']}")
    assert_accessible(two.grace.page)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up"])
async def test_the_pages_at_the_door_can_be_read_aloud(shared: Parley, path: str) -> None:
    async with plain_browser(shared.system.url) as browser:
        assert_accessible(await browser.go(path))


def assert_accessible(page: Shown) -> None:
    assert page.one("html")["lang"] == "en"
    assert page.text("title").endswith("Parley")
    assert len(page.all("h1")) == 1
    assert len(page.all("main#main")) == 1
    assert page.all("a.skip[href='#main']")
    ids = [str(one["id"]) for one in page.all("[id]")]
    assert len(ids) == len(set(ids))
    for field in page.all("input:not([type=hidden]), select, textarea"):
        assert page.all(f'label[for="{field.get("id")}"]') or field.find_parent("label"), field
    for image in page.all("img"):
        assert image.has_attr("alt"), image
    for button in page.all("button, a[href]"):
        assert button.get_text(strip=True) or button.find("img") or button.get("aria-label"), button


@pytest.mark.parametrize("language, title", [("de-AT,de;q=0.9", "Anmelden"), ("fr, en;q=0.5", "Sign in")])
async def test_pages_speak_the_readers_language(shared: Parley, language: str, title: str) -> None:
    async with plain_browser(shared.system.url, language) as browser:
        page = await browser.go("/sign-in")
        assert title in page.text("title")
        assert page.one("html")["lang"] == page.headers["content-language"]
        await browser.send('form[action="/language"]', press="button")
        other = browser.page.one("html")["lang"]
        assert other != page.one("html")["lang"]
        assert (await browser.go("/sign-up")).one("html")["lang"] == other


async def test_the_theme_is_remembered(ada: PlainBrowser) -> None:
    page = await ada.go("/settings")
    assert page.one("html")["data-theme"] == ""
    page = await ada.send('form.choices[action="/theme"]', press='button[value="dark"]')
    assert (page.url.path, page.one("html")["data-theme"]) == ("/settings", "dark")
    await ada.go("/settings")
    page = await ada.send('form.choices[action="/theme"]', press='button[value=""]')
    assert page.one("html")["data-theme"] == ""
    answer = await ada.http.post("/theme", data={"theme": "light", "next": "//evil.test"})
    assert answer.headers["location"] == "/"


async def test_the_first_view_of_a_chat_is_small(two: Two, shared: Parley) -> None:
    person = await shared.sign_in(two.ada_name)
    text = "A message of about the length that people write, with https://example.org/an/address in it. "
    for number in range(50):
        await person.ask("POST", f"/api/messages/{two.grace_name}", json={"message": f"{number} {text}"})
    page = await two.read()
    assert len(articles(page)) == 50
    wire_bytes = len(gzip.compress(page.source.encode(), 5))
    assert page.headers["content-encoding"] == "gzip"
    asked = await two.grace.go(f"/chat/{two.ada_name}?q=guess")  # which the page repeats, beside what is private
    assert "content-encoding" not in asked.headers
    files = {str(one.get("src") or one["href"]) for one in page.all("script[src], link[href]")}
    for file in files:
        answer = await two.grace.http.get(file)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        wire_bytes += int(answer.headers["content-length"])
    assert wire_bytes < FIRST_VIEW_BYTES_MAX


# Static files


async def test_static_files_are_kept_by_browsers_for_ever(ada: PlainBrowser) -> None:
    page = await ada.go("/")
    path, *_ = paths = [str(link["href"]) for link in page.all('link[rel="stylesheet"]')]
    assert all(re.fullmatch(r"/static/[a-z]+\.[0-9a-f]{12}\.css", one) for one in paths)
    answer = await ada.http.get(path)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    again = await ada.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await ada.http.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text
    missing: httpx.Response = await ada.http.get("/static/app.css")
    assert missing.status_code == 404
    odd: Any = await ada.http.get("/static/..%2fpages.py")
    assert odd.status_code == 404
