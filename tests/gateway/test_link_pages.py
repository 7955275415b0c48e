"""Claiming, accepting an invitation and choosing a new password by a link, without scripts."""

import pytest

from tests.gateway.gateways import System, code
from tests.gateway.link_script import ACCOUNT, GOOD, JOINING, LINK_PAGES, named, script
from tests.gateway.pages import MARKUP, assert_page
from tests.gateway.scripted import BROWSER, STRANGE_ORIGINS, Told, assert_led_to, invalid, refusal

# What the links have in common


@pytest.mark.parametrize("path", LINK_PAGES)
async def test_looking_uses_nothing_up(whole: System, path: str) -> None:
    told = script(whole)
    for headers in (BROWSER, {**BROWSER, **whole.cookie()}):
        assert_page(await whole.http.get(path, headers=headers))
    assert told.changes == []


@pytest.mark.parametrize("path", LINK_PAGES)
async def test_the_forms_post_to_their_own_address_and_keep_it_from_other_sites(whole: System, path: str) -> None:
    script(whole)
    page = await whole.http.get(path, headers=BROWSER)
    assert f'method="post" action="{path}"' in page.text
    # With `no-referrer` browsers would say `Origin: null`, and the form would be refused as another site's.
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.text.count(f'name="next" value="{path}"') == 2, "theme and language lead back"


@pytest.mark.parametrize("path", LINK_PAGES)
@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
async def test_a_form_of_another_site_does_nothing(whole: System, path: str, origin: dict[str, str]) -> None:
    told = script(whole)
    form = {**ACCOUNT, "password_again": ACCOUNT["password"]}
    for headers in (origin, {**origin, **whole.cookie()}):
        assert code(await whole.http.post(path, data=form, headers=headers)) == (403, "cross_origin")
    assert told.changes == []


@pytest.mark.parametrize("kind", ["claim", "reset"])
@pytest.mark.parametrize("status, reason", [(404, "unknown_link"), (410, "link_spent")])
async def test_a_link_that_is_not_good_says_so(whole: System, kind: str, status: int, reason: str) -> None:
    told = script(whole, **{f"GET_{kind}/a-code": refusal(status, reason)})
    said = "There is no such link" if status == 404 else "This link has ended"
    for answer in (await whole.http.get(f"/{kind}/a-code"), await whole.http.post(f"/{kind}/a-code", data=ACCOUNT)):
        assert_page(answer, status)
        assert said in answer.text
        assert ". " in answer.text.partition("<p>")[2].partition("</p>")[0], "two sentences"
        assert f'action="/{kind}' not in answer.text
    assert told.changes == []


@pytest.mark.parametrize("path", LINK_PAGES)
async def test_while_the_auth_service_is_away_a_link_is_not_called_bad(whole: System, path: str) -> None:
    script(whole, **{f"GET_{part}/a-code": Told([], 500) for part in ("claim", "invitations", "reset")})
    answer = await whole.http.get(path, headers=BROWSER)
    assert_page(answer, 503)
    assert "no such link" not in answer.text


# Claiming


async def test_who_is_not_signed_in_signs_up_and_owns_the_instance(whole: System) -> None:
    told = script(whole)
    whole.issuer.instance["claimed"] = False
    answer = await whole.http.post("/claim/a-code", data=ACCOUNT)
    assert_led_to(answer, "/admin/welcome")
    claiming = "POST /api/claim/a-code"
    assert {"POST /api/register", "POST /api/login", claiming, "POST /api/invitations", JOINING} == {*told.changes}
    assert told.sent("POST /api/register")["invitation"] == "a-code"
    (claimed,) = told.asked(claiming)
    assert claimed.header("authorization") == whole.bearer("grace")["Authorization"]
    assert answer.cookies["access_token"]


async def test_who_is_signed_in_claims_with_one_button_and_where_there_is_an_owner_becomes_another(
    whole: System,
) -> None:
    told = script(whole)
    page = await whole.http.get("/claim/a-code", headers={**BROWSER, **whole.cookie()})
    assert "You are signed in as ada" in page.text
    assert 'name="password"' not in page.text
    assert_led_to(await whole.http.post("/claim/a-code", headers=whole.cookie()), "/admin")
    assert told.changes == ["POST /api/claim/a-code"]


async def test_whoever_has_an_account_signs_in_first_and_comes_back(whole: System) -> None:
    script(whole)
    page = await whole.http.get("/claim/a-code", headers=BROWSER)
    assert 'href="/sign-in?next=/claim/a-code"' in page.text
    form = {"username": "grace", "password": "correct horse", "next": "/claim/a-code"}
    assert 'name="next" value="/claim/a-code"' in (await whole.http.get("/sign-in?next=/claim/a-code")).text
    assert_led_to(await whole.http.post("/sign-in", data=form), "/claim/a-code")


async def test_a_claim_that_cannot_be_signed_up_for_keeps_what_was_typed(whole: System) -> None:
    told = script(whole, POST_register=refusal(409, "username_taken"))
    page = await whole.http.post("/claim/a-code", data={**ACCOUNT, "email": "grace@example.org"})
    assert_page(page, 409)
    assert 'id="username-error">This username is taken.' in page.text
    assert 'value="grace@example.org"' in page.text
    assert ACCOUNT["password"] not in page.text
    assert told.changes == ["POST /api/register"]


# Invitations


async def test_an_invitation_says_who_invites_and_where_to(whole: System) -> None:
    script(whole)
    named(whole, description=f"Engines {MARKUP}")
    page = await whole.http.get("/invite/a-code", headers=BROWSER)
    assert_page(page)
    assert "Ada &lt;script&gt;alert(1)&lt;/script&gt; invites you to The Society, into the room #garden." in page.text
    assert "Engines &lt;script&gt;" in page.text


async def test_an_invitation_of_nobody_and_to_no_room_is_one(whole: System) -> None:
    script(whole, **{"GET_invitations/a-code": {**GOOD, "username": None, "room": None}})
    assert "You are invited to Parley." in (await whole.http.get("/invite/a-code")).text


async def test_whoever_accepts_an_invitation_is_in(whole: System) -> None:
    told = script(whole)
    assert_led_to(await whole.http.post("/invite/a-code", data=ACCOUNT), "/rooms/lobby")
    assert told.changes == ["POST /api/register", "POST /api/login", JOINING]
    assert told.sent("POST /api/register")["invitation"] == "a-code"


async def test_an_invitation_that_has_ended_says_whom_to_ask(whole: System) -> None:
    ended = {**GOOD, "good": False}
    told = script(whole, **{"GET_invitations/a-code": ended, "POST_register": refusal(403, "invitation_spent")})
    for page in (await whole.http.get("/invite/a-code"), await whole.http.post("/invite/a-code", data=ACCOUNT)):
        assert_page(page, 410)
        assert "This invitation has ended" in page.text
        assert "Ask ada for another." in page.text
        assert 'action="/invite' not in page.text
    told.answers["GET /api/invitations/a-code"] = refusal(404, "unknown_link")
    assert_page(await whole.http.get("/invite/a-code", headers=BROWSER), 404)


async def test_the_last_use_that_another_took_meanwhile_is_told(whole: System) -> None:
    script(whole, POST_register=refusal(403, "invitation_spent"))
    page = await whole.http.post("/invite/a-code", data=ACCOUNT)
    assert_page(page, 410)
    assert "This invitation has ended" in page.text


async def test_an_invitation_that_cannot_be_signed_up_by_keeps_what_was_typed(whole: System) -> None:
    script(whole, POST_register=invalid("password", "Expected the length to be 8 to 256, got 3."))
    page = await whole.http.post("/invite/a-code", data={**ACCOUNT, "password": "abc"})
    assert_page(page, 422)
    assert 'id="password-error">Between 8 and 256' in page.text
    assert 'value="grace"' in page.text
    assert "invites you to" in page.text


async def test_who_is_in_already_is_offered_the_room(whole: System) -> None:
    script(whole)
    page = await whole.http.get("/invite/a-code", headers={**BROWSER, **whole.cookie()})
    assert "You are in already, as ada." in page.text
    assert 'href="/rooms/garden"' in page.text
    assert 'action="/invite' not in page.text


# A new password


async def test_a_new_password_is_chosen_and_leads_to_the_sign_in_page(whole: System) -> None:
    told = script(whole)
    form = {"password": "another horse", "password_again": "another horse"}
    answer = await whole.http.post("/reset/a-code", data=form)
    assert_led_to(answer, "/sign-in")
    assert told.sent("POST /api/reset/a-code") == {"password": "another horse"}
    assert "Sign in with it" in (await whole.http.get("/sign-in")).text


async def test_two_different_passwords_are_none(whole: System) -> None:
    told = script(whole)
    page = await whole.http.post("/reset/a-code", data={"password": "another horse", "password_again": "other"})
    assert_page(page, 422)
    assert 'id="password_again-error">These are two different passwords.' in page.text
    assert "another horse" not in page.text
    assert told.changes == []


async def test_a_password_that_does_not_do_is_told_beside_its_field(whole: System) -> None:
    script(whole, **{"POST_reset/a-code": invalid("password", "Expected the length to be 8 to 256, got 3.")})
    page = await whole.http.post("/reset/a-code", data={"password": "abc", "password_again": "abc"})
    assert_page(page, 422)
    assert 'id="password-error">Between 8 and 256' in page.text


async def test_a_link_that_another_used_meanwhile_is_spent(whole: System) -> None:
    script(whole, **{"POST_reset/a-code": refusal(410, "link_spent")})
    page = await whole.http.post("/reset/a-code", data={"password": "abcabcabc", "password_again": "abcabcabc"})
    assert_page(page, 410)
    assert "This link has ended" in page.text
