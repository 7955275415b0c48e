"""The pages of a whole Parley, with a browser that runs no scripts."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.media_service.cleaning.pictures import encoded, painted
from tests.system.parleys import Parley, parley
from tests.system.people import PASSWORD
from tests.system.plain_browsers import PlainBrowser, Shown, plain_browser

CHAT = "#conversations li[data-conversation^='@']"  # and not the lobby, in which everybody is
PICTURE = encoded(painted(), "PNG")
MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
FIRST_VIEW_BYTES_MAX = 100 * 1024
LINK = 'a[rel="noopener noreferrer nofollow"]'
_numbers = count(1)


class Two:
    """Two people who know each other, each at a browser."""

    def __init__(self, ada: PlainBrowser, grace: PlainBrowser, names: tuple[str, str]) -> None:
        self.ada = ada
        self.grace = grace
        self.ada_name, self.grace_name = names

    async def write(self, text: str, files: list[tuple[str, bytes]] | None = None) -> Shown:
        """Ada to Grace."""
        await self.ada.go(f"/chat/{self.grace_name}")
        return await self.ada.send("#composer", {"message": text}, files=files or [])

    async def read(self) -> Shown:
        return await self.grace.go(f"/chat/{self.ada_name}")


@pytest.fixture
async def two(shared: Parley) -> AsyncIterator[Two]:
    number = next(_numbers)
    names = (f"ada-{number}", f"grace-{number}")
    async with AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(plain_browser(shared.system.url)) for _ in names]
        for browser, name in zip(browsers, names, strict=True):
            await browser.sign_up(name)
        yield Two(browsers[0], browsers[1], names)


@pytest.fixture(scope="session")
async def ada(shared: Parley) -> AsyncIterator[PlainBrowser]:
    """Somebody for tests that only look, or are refused."""
    async with plain_browser(shared.system.url) as browser:
        await browser.sign_up("ada-alone")
        yield browser


def articles(page: Shown) -> list[str]:
    return page.texts('#log[role="log"] article[data-id][data-seq] .text')


# Finding each other and talking


async def test_two_people_find_each_other_and_talk(two: Two) -> None:
    await two.ada.go(f"/search?query={two.grace_name[1:]}")
    (found,) = two.ada.page.all(".people a")
    await two.ada.go(str(found["href"]))
    assert two.ada.page.text("h1") == two.grace_name
    assert "beginning" in two.ada.page.text(".empty-log")
    page = await two.ada.send("#composer", {"message": "Hello there!\nSecond line"})
    assert (page.status, page.url.path) == (200, f"/chat/{two.grace_name}")
    assert page.one("article .text").get_text() == "Hello there!\nSecond line"
    assert page.one("article").has_attr("data-own")

    home = await two.grace.go("/")
    assert home.text(f"{CHAT} .name") == two.ada_name
    assert home.one(CHAT)["data-unread"] == "1"
    assert "(1)" in home.text("title")
    page = await two.read()
    assert page.text("#unread .new") == "New"
    assert page.one("#conversations a[aria-current=page] .name").get_text() == two.ada_name
    assert (await two.grace.go("/")).one(CHAT)["data-unread"] == "0"
    await two.read()
    await two.grace.send("#composer", {"message": "Hello, Ada"})
    page = await two.ada.go(f"/chat/{two.grace_name}")
    assert articles(page) == ["Hello there!\nSecond line", "Hello, Ada"]


async def test_a_picture_and_its_thumbnail_are_shown_to_both(two: Two) -> None:
    page = await two.write("", files=[("a cat.png", PICTURE), ("b.png", encoded(painted(size=(40, 40)), "PNG"))])
    assert page.status == 200
    page = await two.read()
    pictures = page.all("article .attachments a[href] img[src][width][height][alt]")
    assert [one["alt"] for one in pictures] == ["a cat.png", "b.png"]
    for one in page.all("article .attachments a"):
        assert (await two.grace.http.get(str(one["href"]))).status_code == 200
    assert two.grace.page.one("article .text").get_text() == ""
    assert (await two.grace.go("/")).text(f"{CHAT} .last") == "Attachment"


async def test_what_was_read_is_marked_as_read(two: Two) -> None:
    page = await two.write("Seen?")
    assert (page.one("article")["data-state"], page.one("main")["data-read-seq"]) == ("sent", "0")
    await two.grace.go(f"/chat/{two.ada_name}", **{"Sec-Purpose": "prefetch"})
    assert (await two.ada.go(f"/chat/{two.grace_name}")).one("article")["data-state"] == "sent"
    await two.read()
    page = await two.ada.go(f"/chat/{two.grace_name}")
    assert (page.one("article")["data-state"], page.one("main")["data-read-seq"]) == ("read", "1")


async def test_the_same_form_sent_twice_is_one_message(two: Two) -> None:
    await two.ada.go(f"/chat/{two.grace_name}")
    form = two.ada.page
    await two.ada.send("#composer", {"message": "Once"})
    two.ada.page = form
    await two.ada.send("#composer", {"message": "Once"})
    assert articles(two.ada.page) == ["Once"]


async def test_a_message_is_answered_edited_reacted_to_and_deleted(two: Two) -> None:
    await two.write("First")
    message = str(two.ada.page.one("article")["data-id"])
    page = await two.read()
    await two.grace.go(_link(page, "reply"))
    assert "First" in two.grace.page.text("#reply-to")
    page = await two.grace.send("#composer", {"message": "An answer"})
    assert page.one("article .reply")["href"] == f"#message-{message}"
    await two.grace.go(_link(page, "react"))
    page = await two.grace.send("form.picker", press='button[value="👍"]')
    reaction = page.one(f"#message-{message} .reactions button")
    assert (reaction["data-emoji"], reaction["aria-pressed"], reaction["data-users"]) == ("👍", "true", two.grace_name)
    page = await two.grace.send(f"#message-{message} .reactions", press="button")
    assert page.all(f"#message-{message} .reactions button") == []

    page = await two.ada.go(f"/chat/{two.grace_name}")
    page = await two.ada.go(_link(page, "more"))
    await two.ada.go(_link(page, "edit"))
    page = await two.ada.send("form.editor", {"message": "First, better"})
    assert page.text(f"#message-{message} .text") == "First, better"
    assert page.one(f"#message-{message}").has_attr("data-edited")
    assert not page.one(f"#message-{message} .edited").has_attr("hidden")
    page = await two.ada.go(_link(page, "more"))
    await two.ada.go(_link(page, "delete"))
    page = await two.ada.send("form.confirm")
    assert page.one(f"#message-{message}").has_attr("data-deleted")
    assert "First" not in page.source
    assert "deleted" in page.text(f"#message-{message} .text")


def _link(page: Shown, action: str) -> str:
    """The way to an action on the first message."""
    link = page.all(f'article [data-action="{action}"]')[0]
    assert not link.has_attr("hidden")
    return f"{page.url.path}{str(link['href']).partition('#')[0]}"


async def test_only_ones_own_messages_offer_to_be_changed(two: Two) -> None:
    await two.write("Mine")
    page = await two.read()
    page = await two.grace.go(_link(page, "more"))
    offered = {str(one["data-action"]) for one in page.all("article .message-choices [data-action]")}
    assert offered == {"pin", "copy-link", "replies", "unread", "report"}
    message = page.one("article")["data-id"]
    answer = await two.grace.http.post(f"/chat/{two.ada_name}/{message}/edit", data={"message": "Yours"})
    assert answer.status_code == 403
    assert "Only who wrote a message may change it." in answer.text


async def test_history_is_read_page_by_page(two: Two, shared: Parley) -> None:
    person = await shared.sign_in(two.ada_name)
    for number in range(60):
        await person.ask("POST", f"/api/messages/{two.grace_name}", json={"message": f"Number {number}"})
    page = await two.read()
    assert articles(page)[0] == "Number 0"  # where the unread begins
    assert "data-before" not in page.one("#log").attrs
    assert page.one("#log")["data-after"] == page.all("article")[-1]["data-id"]
    page = await two.grace.go(f"/chat/{two.ada_name}?newest=1")
    assert articles(page)[0] == "Number 10"
    assert page.one("#log")["data-before"] == page.all("article")[0]["data-id"]
    page = await two.grace.go(f"/chat/{two.ada_name}{page.one('a[rel=prev]')['href']}")
    assert articles(page) == [f"Number {number}" for number in range(10)]
    assert "data-before" not in page.one("#log").attrs
    page = await two.grace.go(f"/chat/{two.ada_name}{page.one('a[rel=next]')['href']}")
    assert articles(page)[-1] == "Number 59"


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
    room = f"room-{next(_numbers)}"
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


# Rooms


async def test_a_room_is_made_joined_talked_in_and_left(two: Two) -> None:
    name = f"room-{next(_numbers)}"
    await two.ada.go("/")
    page = await two.ada.send('form[action="/rooms"]', {"name": name, "topic": "About it"})
    assert (page.url.path, page.text("h1")) == (f"/rooms/{name}", name)
    assert page.one('form[action$="/close"]')
    await two.ada.send("#composer", {"message": "Welcome"})

    await two.grace.go("/")
    page = await two.grace.send(f'form[action="/rooms/{name}/join"]')
    assert articles(page) == ["Welcome"]
    await two.grace.send("#composer", {"message": "Thanks"})
    page = await two.ada.go(f"/rooms/{name}")
    assert page.texts("article .sender") == [two.ada_name, two.grace_name]
    assert page.all('form[action$="/leave"]') == []
    await two.ada.go(f"/rooms/{name}?delete={page.all('article')[1]['data-id']}")
    page = await two.ada.send("form.confirm")
    assert page.all("article")[1].has_attr("data-deleted")

    await two.grace.go(f"/rooms/{name}")
    page = await two.grace.send('form[action$="/leave"]')
    assert "left" in page.text(".notice")
    page = await two.grace.go(f"/rooms/{name}")
    assert page.all("article") == []
    assert page.one(f'form[action="/rooms/{name}/join"]')


async def test_the_owner_changes_invites_removes_and_closes(two: Two) -> None:
    name = f"Room-{next(_numbers)}"
    await two.ada.go("/")
    await two.ada.send('form[action="/rooms"]', {"name": name, "private": "on"})
    assert (await two.grace.go(f"/rooms/{name}")).status == 404
    await two.ada.go(f"/rooms/{name}")
    page = await two.ada.send('form[action$="/members"]', {"username": "nobody-of-that-name"})
    assert page.status == 404
    assert page.fault("username") == "There is nobody of that name."
    assert page.one('#details [name="username"]')["value"] == "nobody-of-that-name"
    page = await two.ada.send('form[action$="/members"]', {"username": two.grace_name})
    assert two.grace_name in page.texts(".members .name")
    assert (await two.grace.go(f"/rooms/{name}")).status == 200
    page = await two.ada.send('form[action$="/change"]', {"topic": "New topic", "private": "on"})
    assert page.text(".talk-head .topic") == "New topic"
    page = await two.ada.send('form[action$="/remove"]')
    assert page.texts(".members .name") == [two.ada_name]
    page = await two.ada.send('form[action$="/close"]')
    assert page.url.path == "/"
    assert (await two.ada.go(f"/rooms/{name}")).status == 404


# Settings


async def test_nickname_and_picture_are_changed(two: Two) -> None:
    await two.ada.go("/settings")
    page = await two.ada.send('form[enctype][action="/settings"]', {"nickname": "Ada L."}, files=[("me.png", PICTURE)])
    assert page.text(".notice") == "Saved."
    assert page.one("body")["data-name"] == "Ada L."
    picture = str(page.one(".side .me img")["src"])
    assert picture.startswith("/api/avatars/")
    assert (await two.grace.http.get(picture)).status_code == 200
    assert (await two.ada.go("/settings")).all(".notice") == []
    page = await two.ada.send('form[enctype][action="/settings"]')
    assert str(page.one(".side .me img")["src"]) == picture, "it is kept where nothing was said of it"
    page = await two.ada.send('form[enctype][action="/settings"]', {"no_avatar": "on"})
    assert page.all(".side .me img") == []
    assert page.text(".side .me .avatar") == "AL"
    await two.ada.http.post("/settings", data={"avatar_url": "https://example.org/a.png"})
    foreign = str((await two.ada.go("/")).one(".side .me img")["src"])
    assert foreign.startswith("/api/avatars/"), "browsers ask us alone"
    assert foreign != picture
    assert (await two.ada.go("/settings")).one("#avatar_url")["value"] == "https://example.org/a.png"
    await two.ada.http.post("/settings", data={"avatar_url": ""})
    assert (await two.ada.go("/")).all(".side .me img") == []


async def test_the_password_is_changed_and_other_devices_are_signed_out(two: Two, shared: Parley) -> None:
    async with plain_browser(shared.system.url) as other:
        await other.go("/sign-in")
        await other.send('form[action="/sign-in"]', {"username": two.ada_name, "password": PASSWORD})
        page = await two.ada.go("/settings")
        assert len(page.all(".devices li")) == 2
        assert len(page.all(".devices .badge")) == 1
        page = await two.ada.send(".devices form")
        assert page.text(".notice") == "That device is signed out."
        assert (await other.go("/settings")).url.path == "/sign-in"
        await other.send('form[action="/sign-in"]', {"username": two.ada_name, "password": PASSWORD})
        assert other.page.url.path == "/settings"
        await two.ada.go("/settings")
        page = await two.ada.send(
            'form[action="/settings"]:has([name="new_password"])',
            {"current_password": PASSWORD, "new_password": "a better one"},
        )
        assert "All other devices" in page.text(".notice")
        assert (await other.go("/")).url.path == "/sign-in"


# What is refused


@pytest.mark.parametrize(
    "typed, status, field, said",
    [
        ({"username": "a"}, 422, "username", "Between 3 and 32 characters, please."),
        ({"username": "ä ö"}, 422, "username", "Only letters (A-Z), digits, and the signs _ . - are allowed."),
        ({"email": "nowhere"}, 422, "email", "An address looks like ada@example.org."),
        ({"password": "short"}, 422, "password", "Between 8 and 256 characters, please."),
        ({"username": "TAKEN"}, 409, "username", "This username is taken."),
    ],
)
async def test_signing_up_says_beside_the_field_what_is_wrong(
    two: Two, shared: Parley, typed: dict[str, str], status: int, field: str, said: str
) -> None:
    typed = {name: value.replace("TAKEN", two.ada_name.upper()) for name, value in typed.items()}
    async with plain_browser(shared.system.url) as browser:
        await browser.go("/sign-up")
        page = await browser.send(
            'form[action="/sign-up"]', {"username": f"new-{next(_numbers)}", "email": "", "password": PASSWORD, **typed}
        )
        assert (page.status, page.fault(field)) == (status, said)
        if field != "password":
            assert page.one(f'[name="{field}"]')["value"] == typed[field]
        assert not page.one('[name="password"]').has_attr("value")


async def test_a_wrong_password_is_told_and_the_name_kept(two: Two, shared: Parley) -> None:
    async with plain_browser(shared.system.url) as browser:
        await browser.go(f"/chat/{two.grace_name}")
        assert browser.page.url.path == "/sign-in"
        page = await browser.send('form[action="/sign-in"]', {"username": two.ada_name, "password": "wrong"})
        assert page.status == 401
        assert page.text("[role=alert]") == "Username or password are wrong."
        assert page.one('[name="username"]')["value"] == two.ada_name
        page = await browser.send('form[action="/sign-in"]', {"password": PASSWORD})
        assert page.url.path == f"/chat/{two.grace_name}"


async def test_a_message_that_is_refused_stays_in_its_field(two: Two) -> None:
    page = await two.write("   ")
    assert (page.status, page.fault("message")) == (422, "Write something first, or add a file.")
    page = await two.write("a" * 4001)
    assert (page.status, page.fault("message")) == (422, "The message is too long.")
    assert page.one("#message").get_text() == "a" * 4001
    page = await two.write("With a picture", files=[("a.png", b"no picture at all")])
    assert page.status == 415
    assert page.fault("message") == "a.png: This picture cannot be shown here. Save it as JPEG or PNG, then send that."
    assert page.one("#message").get_text() == "With a picture"
    assert articles(page) == []


@pytest.mark.parametrize(
    "form, typed, status, field, said",
    [
        ("[enctype]", {"nickname": ""}, 422, "nickname", "Something has to be seen."),
        ("[enctype]", {"nickname": "n" * 65}, 422, "nickname", "Between 1 and 64 characters, please."),
        (
            "[enctype]",
            {"avatar_url": "javascript:alert(1)"},
            422,
            "avatar_url",
            "Give an http or https address of a picture.",
        ),
        (":not([enctype])", {"new_password": "short"}, 422, "new_password", "Between 8 and 256 characters, please."),
        (
            ":not([enctype])",
            {"current_password": "wrong", "new_password": "long enough"},
            403,
            "current_password",
            "The current password is wrong.",
        ),
    ],
)
async def test_settings_say_beside_the_field_what_is_wrong(
    ada: PlainBrowser, form: str, typed: dict[str, str], status: int, field: str, said: str
) -> None:
    await ada.go("/settings")
    page = await ada.send(f'form[action="/settings"]{form}', typed)
    assert (page.status, page.fault(field)) == (status, said)
    if "password" not in field:
        assert page.one(f'[name="{field}"]')["value"] == typed[field]


async def test_a_picture_of_oneself_that_is_none_is_refused_beside_its_field(ada: PlainBrowser) -> None:
    await ada.go("/settings")
    page = await ada.send('form[enctype][action="/settings"]', files=[("me.png", b"nothing")])
    assert (page.status, page.fault("avatar")) == (
        415,
        "me.png: This picture cannot be shown here. Save it as JPEG or PNG, then send that.",
    )


@pytest.mark.parametrize(
    "name, said", [("no room", "Only letters"), ("lobby", "There is a room of that name already."), ("", "")]
)
async def test_a_room_that_cannot_be_made_says_why(ada: PlainBrowser, name: str, said: str) -> None:
    await ada.go("/")
    page = await ada.send('form[action="/rooms"]', {"name": name, "topic": "Kept"})
    assert page.status in {409, 422}
    assert page.fault("name").startswith(said)
    assert page.one('[name="topic"]')["value"] == "Kept"


async def test_what_is_not_there_is_a_page_that_says_so(ada: PlainBrowser) -> None:
    for path, said in (
        ("/chat/nobody-of-that-name", "There is nobody of that name."),
        ("/rooms/nothing", "There is no such room, or it is private."),
        ("/nothing", "The address may be mistyped"),
    ):
        page = await ada.go(path)
        assert page.status == 404
        assert said in page.text("main")
        assert page.text("h1") == "There is nothing here"
    page = await ada.go(f"/search?query={'a' * 201}")
    assert (page.status, page.fault("query")) == (422, "At most 200 characters, please.")


OWN_FORMS = [
    "/theme", "/language", "/rooms", "/chat/grace", "/chat/grace/1/edit", "/chat/grace/1/delete", "/chat/grace/1/react",
    "/chat/grace/save", "/rooms/lobby", "/rooms/lobby/join", "/rooms/lobby/leave", "/rooms/lobby/members",
    "/rooms/lobby/members/grace/remove", "/rooms/lobby/change", "/rooms/lobby/close", "/settings",
    "/settings/devices/x/end",
]  # fmt: skip


@pytest.mark.parametrize("path", OWN_FORMS)
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_of_another_site_does_nothing(ada: PlainBrowser, path: str, headers: dict[str, str]) -> None:
    answer = await ada.http.post(path, data={"message": "x", "nickname": "x"}, headers=headers)
    assert answer.status_code == 403
    answer = await ada.http.post(path, files={"files": ("a.png", PICTURE)}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", [path for path in OWN_FORMS if path not in {"/theme", "/language"}])
async def test_a_form_of_nobody_leads_to_the_sign_in_page(shared: Parley, path: str) -> None:
    answer = await shared.http.post(path, data={"message": "x"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


# When parts are away


async def test_pages_say_which_part_is_away_and_come_back(tmp_path: Path) -> None:
    async with parley(tmp_path) as fragile, plain_browser(fragile.system.url) as ada:
        await fragile.person("grace")
        await ada.sign_up("ada")
        grace = (await fragile.person("grace")).name
        await fragile.system.stop("media")
        await ada.go(f"/chat/{grace}")
        page = await ada.send("#composer", {"message": "Look"}, files=[("a.png", PICTURE)])
        assert page.status == 503
        assert page.fault("message")
        assert page.one("#message").get_text() == "Look"
        page = await ada.send("#composer")
        assert articles(page) == ["Look"], "without the picture it goes"
        await fragile.system.stop("chat")
        page = await ada.go("/")
        assert (page.status, page.text("h1")) == (503, "Parley is not all there")
        assert page.headers["retry-after"]
        await asyncio.gather(fragile.system.start("chat"), fragile.system.start("media"))
        await fragile.system.ready()
        assert (await ada.go("/")).status == 200


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
