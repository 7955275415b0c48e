"""Forms of the pages: settings, what is refused beside its field, and which part is away."""

import asyncio
from pathlib import Path

import pytest

from tests.system.parleys import Parley, parley
from tests.system.people import PASSWORD
from tests.system.plain_browsers import PICTURE, PlainBrowser, Two, articles, numbers, plain_browser

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
            'form[action="/sign-up"]', {"username": f"new-{next(numbers)}", "email": "", "password": PASSWORD, **typed}
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
