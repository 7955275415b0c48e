"""The settings' forms that take the password again: another e-mail address, and the end of the account."""

from http.cookies import SimpleCookie

import pytest

from tests.gateway.gateways import System, code
from tests.gateway.pages import assert_page
from tests.gateway.scripted import BROWSER, STRANGE_ORIGINS, Script, Told, assert_led_to, invalid, refusal

FORMS = {
    "/settings/email": {"email": "ada@example.org", "email_password": "correct horse"},
    "/settings/erase": {"erasing_password": "correct horse"},
}


def of_ada(whole: System) -> dict[str, str]:
    return {**BROWSER, **whole.cookie()}


async def test_another_address_is_taken_with_the_password(whole: System) -> None:
    told = Script(whole, {"POST /api/change-email": {"message": "Done"}})
    answer = await whole.http.post("/settings/email", data=FORMS["/settings/email"], headers=of_ada(whole))
    assert_led_to(answer, "/settings")
    assert told.sent("POST /api/change-email") == {"email": "ada@example.org", "password": "correct horse"}


async def test_erasing_the_account_signs_the_browser_out(whole: System) -> None:
    told = Script(whole, {"DELETE /api/account": Told({}, 204)})
    answer = await whole.http.post("/settings/erase", data=FORMS["/settings/erase"], headers=of_ada(whole))
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert_led_to(answer, "/sign-in")
    assert told.sent("DELETE /api/account") == {"password": "correct horse"}
    cookie = SimpleCookie("; ".join(answer.headers.get_list("set-cookie")))["access_token"]
    assert (cookie.value, cookie["max-age"]) == ("", "0")


@pytest.mark.parametrize("path", FORMS)
async def test_a_wrong_password_is_told_beside_its_field(whole: System, path: str) -> None:
    wrong = refusal(403, "wrong_password")
    Script(whole, {"POST /api/change-email": wrong, "DELETE /api/account": wrong})
    page = await whole.http.post(path, data=FORMS[path], headers=of_ada(whole))
    assert_page(page, 403)
    (password_field,) = [name for name in FORMS[path] if "password" in name]
    assert f'id="{password_field}-error">The current password is wrong.' in page.text
    assert page.text.count("The current password is wrong.") == 1
    assert "correct horse" not in page.text
    assert "set-cookie" not in page.headers


async def test_an_address_that_is_none_is_told_and_kept(whole: System) -> None:
    Script(whole, {"POST /api/change-email": invalid("email", "Expected an address such as ada@example.org.")})
    form = {"email": "nowhere", "email_password": "correct horse"}
    page = await whole.http.post("/settings/email", data=form, headers=of_ada(whole))
    assert_page(page, 422)
    assert 'id="email-error">An address looks like ada@example.org.' in page.text
    assert 'value="nowhere"' in page.text
    assert "email_password-error" not in page.text


async def test_the_last_owner_is_told_why_the_account_stays(whole: System) -> None:
    Script(whole, {"DELETE /api/account": refusal(409, "last_owner")})
    page = await whole.http.post("/settings/erase", data=FORMS["/settings/erase"], headers=of_ada(whole))
    assert_page(page, 409)
    assert "There has to be an owner" in page.text


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
async def test_a_form_of_another_site_does_nothing(whole: System, path: str, origin: dict[str, str]) -> None:
    told = Script(whole, {})
    answer = await whole.http.post(path, data=FORMS[path], headers={**whole.cookie(), **origin})
    assert code(answer) == (403, "cross_origin")
    assert told.changes == []
