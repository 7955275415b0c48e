"""From an empty instance to one that is kept in order: by its pages, without scripts, and what open sockets hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import pytest

from tests.system.parleys import parley
from tests.system.people import PASSWORD
from tests.system.town import HEARD_S_MAX, Town, both_fields, hear, message_of, words


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with parley(tmp_path_factory.mktemp("town")) as site, AsyncExitStack() as stack:
        made = Town(site, stack)
        await made.claim_twice()
        yield made


# Coming in


async def test_of_two_who_claim_at_once_one_owns_it_and_the_other_is_told(town: Town) -> None:
    won, lost = sorted(town.claims, key=lambda page: page.status)
    assert (won.status, won.url.path) == (200, "/admin/welcome")
    assert (lost.status, lost.text("h1")) == (410, "This link has ended")
    listed = await town.owner.go("/admin/people?role=owner")
    assert listed.texts(".rows .name") == [town.owner.name]


async def test_of_two_with_the_last_use_of_an_invitation_one_gets_in(town: Town) -> None:
    await town.owner.go("/admin/invitations")
    page = await town.owner.send('form[action="/admin/invitations"]', uses_max="1")
    path = urlsplit(str(page.one("#link")["value"])).path
    browsers = [await town.browser() for _ in range(2)]
    await asyncio.gather(*(browser.go(path) for browser in browsers))
    form = f'form[action="{path}"]'
    pages = await asyncio.gather(
        *(both_fields(browser, form, f"guest{number}") for number, browser in enumerate(browsers))
    )
    came, late = sorted(pages, key=lambda page: page.status)
    assert (came.status, came.url.path) == (200, "/rooms/lobby")
    assert (late.status, late.text("h1")) == (410, "This invitation has ended")
    found = await town.owner.go("/admin/people?query=guest")
    assert len(found.texts(".rows .name")) == 1


async def test_members_invite_where_they_may_and_a_moderator_ends_it(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    assert (await linus.go("/invitations")).status == 403
    await town.owner.go("/admin/instance")
    await town.owner.send('form[action="/admin/instance"]', members_may_invite="on", registration="open")
    await town.owner.go(f"/admin/people/{grace.name}")
    await town.owner.send('form[action$="/role"]', role="moderator")
    await linus.go("/invitations")
    page = await linus.send('form[action="/invitations"]', uses_max="1")
    path = urlsplit(str(page.one("#link")["value"])).path
    await grace.go("/admin/invitations")
    await grace.send(f'form[action="/admin/invitations/end"]:has(:-soup-contains("{linus.name}"))')
    late = await town.browser()
    assert (await late.go(path)).text("h1") == "This invitation has ended"


async def test_the_last_owner_stays(town: Town) -> None:
    await town.owner.go(f"/admin/people/{town.owner.name}")
    page = await town.owner.send('form[action$="/role"]', role="member")
    assert page.status == 409
    assert "There has to be an owner" in page.text(".banner")
    await town.owner.go("/settings")
    page = await town.owner.send('form[action="/settings/erase"]', erasing_password=PASSWORD)
    assert page.status == 409
    assert (await town.owner.go("/admin")).status == 200


async def test_who_forgot_the_password_chooses_another_by_a_link(town: Town) -> None:
    (grace,) = await town.newcomers("grace")
    await town.owner.go(f"/admin/people/{grace.name}")
    page = await town.owner.send('form[action$="/reset-link"]')
    path = urlsplit(str(page.one("#link")["value"])).path
    visitor = await town.browser()
    await visitor.go(path)
    passwords = {"password": "another sentence", "password_again": "another sentence"}
    async with grace.person.device() as device:
        page = await visitor.send(f'form[action="{path}"]', passwords)
        assert "Your password is changed." in page.text(".notice")
        async with asyncio.timeout(HEARD_S_MAX):
            assert await device.closed() == 4401
    page = await visitor.send('form[action="/sign-in"]', {"username": grace.name, "password": "another sentence"})
    assert page.text(".me .name") == grace.name
    page = await visitor.go(path)
    assert (page.status, page.text("h1")) == (410, "This link has ended")


# Keeping order on the instance


async def test_a_report_waits_with_the_words_as_they_were_until_it_is_handled(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    rude = message_of(await linus.say("Rude words"), "Rude words")
    await grace.go(f"/rooms/lobby?report={rude}")
    page = await grace.send("form.report", reason="Be kind")
    assert page.text(".notice") == "Reported. The moderators will look at it."
    await linus.go(f"/rooms/lobby?delete={rude}")
    await linus.send("form.confirm")
    other = message_of(await linus.say("Rude again"), "Rude again")
    for _ in range(2):
        await grace.go(f"/rooms/lobby?report={other}")
        page = await grace.send("form.report", reason="Once more")
    assert (page.status, page.fault("reason")) == (
        409,
        "You have reported this already. The moderators will look at it.",
    )
    await grace.go(f"/chat/{linus.name}")
    page = await grace.send("#trouble form.report", reason="And in general")
    assert page.text(".notice") == "Reported. The moderators will look at it."

    page = await town.owner.go("/admin/reports")
    waiting = [one for one in page.texts(".reports > li") if linus.name in one]
    assert [("Rude words" in one, "Be kind" in one) for one in waiting] == [
        (False, False),
        (False, False),
        (True, True),
    ]
    form = next(one for one in page.all(".reports > li") if "Be kind" in one.get_text()).select_one("[name=id]")
    assert form is not None
    answer = await town.owner.person.ask(
        "POST",
        "/admin/reports",
        data={"id": form["value"], "state": "resolved", "note": "Told them"},
        headers={"Origin": town.site.system.url, "Cookie": f"access_token={town.owner.person.token}"},
    )
    assert answer.status_code == 303
    assert "Told them" in (await town.owner.go("/admin/reports")).text("main")
    assert (await grace.go("/admin/reports")).status == 403


async def test_a_ban_takes_the_words_along_and_when_it_ends_they_stay_away(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    await linus.say("Spam")
    async with grace.person.device() as witness, linus.person.device() as device:
        await town.owner.go(f"/admin/people/{linus.name}")
        await town.owner.send('form[action$="/ban"]', reason="spam", erase_messages="on")
        async with asyncio.timeout(HEARD_S_MAX):
            assert await device.closed() == 4401
        await hear(witness, "deleted")
    assert "Spam" not in words(await grace.go("/rooms/lobby"))
    assert (await linus.go("/")).url.path == "/sign-in"
    page = await linus.send('form[action="/sign-in"]', username=linus.name, password=PASSWORD)
    assert (page.status, page.text('[role="alert"]')) == (403, "This account is banned.")

    await town.owner.go(f"/admin/people/{linus.name}")
    page = await town.owner.send('form[action$="/end-ban"]')
    assert page.text(".notice") == "The ban has ended."
    await linus.go("/sign-in")
    assert (await linus.send('form[action="/sign-in"]', username=linus.name, password=PASSWORD)).url.path == "/"
    assert "Spam" not in words(await linus.go("/rooms/lobby"))
    assert f"banned {linus.name} spam" in (await town.owner.go("/admin/audit")).text(".acts")


async def test_a_moderator_sees_less_than_an_owner_and_acts_on_members_only(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    await town.owner.go(f"/admin/people/{grace.name}")
    page = await town.owner.send('form[action$="/role"]', role="moderator")
    assert page.text(".notice") == "The role is changed."
    assert (await grace.go("/admin/instance")).status == 403
    assert (await grace.go(f"/admin/people/{linus.name}")).all('form[action$="/ban"]')
    page = await grace.go(f"/admin/people/{town.owner.name}")
    assert page.all('form[action$="/ban"], form[action$="/role"]') == []
    await grace.go("/rooms/lobby")
    page = await grace.send(f'form[action="/rooms/lobby/members/{town.owner.name}/timeout"]', seconds="300")
    assert (page.status, page.text(".banner")) == (403, "Your role does not allow this.")


# Keeping order in a room


async def test_who_is_timed_out_reads_why_and_until_when_and_keeps_the_words(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    await linus.go("/rooms/lobby")
    async with linus.person.device() as device, grace.person.device() as witness:
        await town.owner.go("/rooms/lobby")
        page = await town.owner.send(f'form[action="/rooms/lobby/members/{linus.name}/timeout"]', seconds="3600")
        assert "Timed out" in page.text(".notice")
        until = (await hear(device, "timed_out"))["until"]
        assert (await hear(witness, "timed_out"))["username"] == linus.name
        page = await linus.send("#composer", message="Kept")
        assert (page.status, page.one("#message").get_text()) == (403, "Kept")
        assert "timed you out" in page.text("#composer-note")
        assert str(page.one("#composer-note time")["datetime"])[:16] == until[:16]

        await town.owner.go("/rooms/lobby")
        await town.owner.send(f'form[action="/rooms/lobby/members/{linus.name}/end-timeout"]')
        assert (await hear(device, "timed_out"))["until"] is None
    page = await linus.send("#composer", message="Kept")
    assert "Kept" in words(page)
    assert page.all("#composer-note[hidden]")


async def test_in_slow_mode_the_second_message_waits_and_stays_in_its_field(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    await grace.go("/")
    await grace.send('form[action="/rooms"]', name="slow")
    await linus.go("/rooms/slow")
    await linus.send('form[action="/rooms/slow/join"]')
    async with linus.person.device() as device:
        await grace.go("/rooms/slow")
        await grace.send('form[action="/rooms/slow/slow-mode"]', slow_mode_s="300")
        assert (await hear(device, "room_changed"))["slow_mode_s"] == 300
    assert (await linus.say("One", "/rooms/slow")).text("#composer-note") == "Slow mode: one message in 5 minutes"
    page = await linus.send("#composer", message="Two")
    assert (page.status, page.one("#message").get_text()) == (429, "Two")
    assert page.text("#message-error").startswith("This room is in slow mode. You can send this in ")
    for text in ("One", "Two"):  # who keeps order is not slowed
        page = await grace.say(f"{text} of the owner", "/rooms/slow")
    assert words(page) == ["One", "One of the owner", "Two of the owner"]
    await grace.send('form[action="/rooms/slow/slow-mode"]', slow_mode_s="0")
    assert "Two" in words(await linus.say("Two", "/rooms/slow"))


async def test_the_owner_of_a_room_makes_a_moderator_who_removes_words_and_members(town: Town) -> None:
    ada, grace, linus = await town.newcomers("ada", "grace", "linus")
    await ada.go("/")
    await ada.send('form[action="/rooms"]', name="garden")
    for one in (grace, linus):
        await one.go("/rooms/garden")
        await one.send('form[action="/rooms/garden/join"]')
    weed = message_of(await linus.say("Weeds", "/rooms/garden"), "Weeds")
    async with grace.person.device() as device, linus.person.device() as witness:
        await ada.go("/rooms/garden")
        form = f'form[action="/rooms/garden/members/{grace.name}/role"]'
        await ada.browser.send(form, press='[value="moderator"]')
        told = await hear(device, "role")
        assert (told["username"], told["role"]) == (grace.name, "moderator")

        await grace.go(f"/rooms/garden?delete={weed}")
        page = await grace.send("form.confirm")
        assert "Weeds" not in words(page)
        assert (await hear(witness, "deleted"))["id"] == int(weed)
        assert page.all(f'form[action="/rooms/garden/members/{ada.name}/timeout"]') == []
        page = await grace.send(f'form[action="/rooms/garden/members/{linus.name}/remove"]')
        assert page.text(".notice") == "Removed from the room."
        assert (await hear(witness, "left"))["username"] == linus.name
    assert (await linus.go("/rooms/garden")).all("#composer") == []


# Being left alone


async def test_who_is_blocked_reaches_one_no_more_until_that_ends(town: Town) -> None:
    grace, linus = await town.newcomers("grace", "linus")
    chat = f"/chat/{grace.name}"
    await linus.say("Hello", chat)
    await linus.say("In the lobby")
    async with grace.person.device() as device:
        await grace.go(f"/chat/{linus.name}")
        page = await grace.send(f'form[action="/chat/{linus.name}/block"]')
        assert "Blocked." in page.text(".notice")
        assert (await hear(device, "blocked"))["blocked"] is True
        page = await linus.say("Anybody there?", chat)
        assert (page.status, page.one("#message").get_text()) == (403, "Anybody there?")
        assert page.text("#message-error") == "They take no messages, calls and invitations from you."
        assert device.texts() == []
    page = await grace.go("/rooms/lobby")
    collapsed = page.one(f'article[data-sender="{linus.name}"]')
    assert collapsed.has_attr("data-collapsed")
    assert "In the lobby" in collapsed.get_text()

    await grace.go("/settings")
    page = await grace.send('form[action="/settings/unblock"]')
    assert page.text(".notice") == "Blocked no longer."
    assert page.all('form[action="/settings/unblock"]') == []
    assert words(await linus.say("Anybody there?", chat)) == ["Hello", "Anybody there?"]
