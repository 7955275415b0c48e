"""Signing out with a browser that runs no scripts, also while the auth service is away."""

import pytest

from tests.gateway.gateways import System, code, system
from tests.gateway.pages import answering, assert_page, cookie_of


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(whole: System) -> None:
    browser = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
    answer = await whole.http.get("/logout", headers={**whole.cookie(), **browser})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert (whole.auth.last.method, whole.auth.last.target) == ("POST", "/api/logout")
    assert whole.auth.last.header("authorization") == whole.bearer()["Authorization"]
    cookie = cookie_of(answer)
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}])
async def test_an_address_that_was_typed_signs_out(whole: System, headers: dict[str, str]) -> None:
    await whole.http.get("/logout", headers={**whole.cookie(), **headers})
    assert whole.auth.last.target == "/api/logout"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "script", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.test"},
        {"Accept": "image/avif,image/webp,*/*;q=0.8"},
        {"Accept": "text/html", "Referer": "http://evil.test/page"},
        {"Accept": "text/html", "Referer": "http://[::1"},
    ],
)
async def test_a_picture_a_script_or_another_site_signs_nobody_out(whole: System, headers: dict[str, str]) -> None:
    answer = await whole.http.get("/logout", headers={**whole.cookie(), **headers})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")  # where who is signed in sees that they are
    assert not answer.headers.keys() & {"set-cookie", "clear-site-data"}
    assert whole.requests == {}


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_session_that_could_not_be_ended_is_told_and_the_cookie_goes_all_the_same(
    whole: System, status: int
) -> None:
    whole.auth.handler = answering(status, {"detail": "It could not be stored.", "code": "not_stored"})
    answer = await whole.http.get("/logout", headers=whole.cookie())
    assert_page(answer, 503)
    assert "could not end the session" in answer.text
    assert "Sign out" not in answer.text
    assert answer.headers["retry-after"] == "1"
    assert cookie_of(answer)["max-age"] == "0"


async def test_who_was_signed_out_elsewhere_meanwhile_is_signed_out(whole: System) -> None:
    whole.auth.handler = answering(401, {"detail": "The session has ended.", "code": "unauthenticated"})
    answer = await whole.http.get("/logout", headers=whole.cookie())
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_while_the_auth_service_is_away_nobody_is_told_that_their_session_has_ended() -> None:
    async with system() as whole:
        assert (await whole.http.get("/api/user-profile", headers=whole.bearer())).status_code == 200
        await whole.auth.stop()
        page = await whole.http.get("/logout", headers=whole.cookie())
        assert_page(page, 503)
        for headers in (whole.cookie(), whole.bearer()):
            answer = await whole.http.post("/api/logout", headers=headers)
            assert code(answer) == (503, "service_unavailable")
            assert cookie_of(answer)["max-age"] == "0"
        assert cookie_of(page)["max-age"] == "0"
        evil = {**whole.cookie(), "Origin": "http://evil.test"}
        refused = await whole.http.post("/api/logout", headers=evil)
        assert code(refused) == (403, "cross_origin")
        assert "set-cookie" not in refused.headers


async def test_who_was_signed_out_already_loses_the_cookie_only(whole: System) -> None:
    answer = await whole.http.get("/logout", headers={"Cookie": "access_token=none"})
    assert cookie_of(answer)["max-age"] == "0"
    assert whole.requests == {}
