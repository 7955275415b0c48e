"""Signing up on a page: who does is signed in and in the lobby, where registration lets them."""

import pytest

from tests.gateway.gateways import System
from tests.gateway.link_script import ACCOUNT, JOINING, named, script
from tests.gateway.pages import MARKUP, assert_page
from tests.gateway.scripted import Told, assert_led_to, refusal


async def test_who_signs_up_is_signed_in_and_in_the_lobby(whole: System) -> None:
    told = script(whole)
    answer = await whole.http.post("/sign-up", data={**ACCOUNT, "admin": "1"})
    assert_led_to(answer, "/rooms/lobby")
    assert told.changes == ["POST /api/register", "POST /api/login", JOINING]
    assert told.sent("POST /api/register") == {**ACCOUNT, "invitation": None}
    (joining,) = told.asked(JOINING)
    assert joining.header("authorization") == whole.bearer("grace")["Authorization"]
    assert answer.cookies["access_token"] == whole.issuer.token("grace")
    assert answer.cookies["notice"] == "welcome"


async def test_signing_up_leads_to_where_one_wanted_to_go(whole: System) -> None:
    script(whole)
    assert_led_to(await whole.http.post("/sign-up", data={**ACCOUNT, "next": "/chat/ada"}), "/chat/ada")
    assert_led_to(await whole.http.post("/sign-up", data={**ACCOUNT, "next": "//evil.test"}), "/rooms/lobby")
    assert 'name="next" value="/chat/ada"' in (await whole.http.get("/sign-up?next=/chat/ada")).text


@pytest.mark.parametrize("refused", [refusal(429, "too_many_requests"), refusal(503, "unavailable")])
async def test_who_cannot_be_signed_in_at_once_does_so_by_themselves(whole: System, refused: Told) -> None:
    script(whole, POST_login=refused)
    answer = await whole.http.post("/sign-up", data={**ACCOUNT, "next": "/chat/ada"})
    assert_led_to(answer, "/sign-in?next=/chat/ada")
    assert "access_token" not in answer.cookies
    assert_led_to(await whole.http.post("/claim/a-code", data=ACCOUNT), "/sign-in?next=/claim/a-code")
    assert_led_to(await whole.http.post("/invite/a-code", data=ACCOUNT), "/sign-in")


async def test_who_cannot_be_brought_to_the_lobby_is_signed_in_all_the_same(whole: System) -> None:
    told = script(whole)
    told.answers[JOINING] = refusal(503, "not_stored")
    answer = await whole.http.post("/sign-up", data=ACCOUNT)
    assert_led_to(answer, "/rooms/lobby")
    assert answer.cookies["access_token"]


@pytest.mark.parametrize("typed", ["a-code", "https://parley.example/invite/a-code", " http://h/invite/a-code/ "])
async def test_where_an_invitation_is_needed_its_link_is_asked_for(whole: System, typed: str) -> None:
    told = script(whole)
    named(whole, registration="invitation")
    page = await whole.http.get("/sign-up")
    assert_page(page)
    assert "you need an invitation" in page.text
    assert 'name="invitation"' in page.text
    assert_led_to(await whole.http.post("/sign-up", data={**ACCOUNT, "invitation": typed}), "/rooms/lobby")
    assert told.sent("POST /api/register")["invitation"] == "a-code"


@pytest.mark.parametrize("reason", ["invitation_needed", "invitation_spent"])
async def test_an_invitation_that_does_not_do_is_told_beside_its_field(whole: System, reason: str) -> None:
    script(whole, POST_register=refusal(403, reason))
    named(whole, registration="invitation")
    page = await whole.http.post("/sign-up", data={**ACCOUNT, "invitation": MARKUP})
    assert_page(page, 403)
    assert 'id="invitation-error"' in page.text
    assert MARKUP not in page.text
    assert 'value="grace"' in page.text


async def test_an_instance_that_needs_invitations_since_a_moment_says_so(whole: System) -> None:
    script(whole, POST_register=refusal(403, "invitation_needed"))
    whole.issuer.instance["registration"] = "invitation"
    page = await whole.http.post("/sign-up", data=ACCOUNT)
    assert_page(page, 403)
    assert 'name="invitation"' in page.text


async def test_where_registration_is_closed_there_is_no_form_and_the_way_in_is_no_link(whole: System) -> None:
    script(whole)
    named(whole, registration="closed")
    page = await whole.http.get("/sign-up")
    assert_page(page)
    assert "Nobody new can register" in page.text
    assert 'action="/sign-up"' not in page.text
    assert 'href="/sign-up"' not in (await whole.http.get("/sign-in")).text


async def test_only_a_browser_that_was_here_is_welcomed_back(whole: System) -> None:
    named(whole, claimed=False)
    fresh = (await whole.http.get("/sign-in")).text
    assert "Welcome back" not in fresh
    assert "Nobody owns this server yet" in fresh
    known = (await whole.http.get("/sign-in", headers={"Cookie": f"browser={'a' * 22}"})).text
    assert "Welcome back" in known
