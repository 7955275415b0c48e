"""Signing in with a browser that runs no scripts: the cookie, where it leads, and what is refused."""

from http.cookies import SimpleCookie
from urllib.parse import parse_qs

import pytest

from tests.gateway.gateways import System, code, system
from tests.gateway.pages import MARKUP, answering, assert_page, cookie_of, saying, sign_in

HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}


@pytest.fixture
async def signing_in(whole: System) -> System:
    whole.auth.handler = answering(
        200, {"access_token": whole.issuer.token(), "token_type": "bearer", "expires_in": 604800}
    )
    return whole


async def test_signing_in_asks_the_auth_service_and_gives_a_cookie(signing_in: System) -> None:
    answer = await sign_in(signing_in, {"User-Agent": "Ada/1", "X-Forwarded-For": "8.8.8.8"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    asked = signing_in.auth.last
    assert (asked.method, asked.target) == ("POST", "/api/login")
    assert parse_qs(asked.body.decode()) == {"username": ["ada"], "password": ["correct horse"]}
    assert asked.header("user-agent") == "Ada/1"
    assert asked.header("x-forwarded-for") == "127.0.0.1"
    assert asked.header("x-request-id") == answer.headers["x-request-id"]
    cookie = cookie_of(answer)
    assert cookie.value == signing_in.issuer.token()
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "lax", "/")
    assert (cookie["max-age"], cookie["secure"], cookie["domain"]) == ("604800", "", "")


async def test_a_browser_is_given_a_name_to_be_known_by_and_keeps_it(signing_in: System) -> None:
    first = await sign_in(signing_in)
    cookie = SimpleCookie("; ".join(first.headers.get_list("set-cookie")))["browser"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "lax", str(180 * 24 * 3600))
    assert signing_in.auth.last.header("x-parley-browser") == cookie.value
    again = await sign_in(signing_in, {"Cookie": f"browser={cookie.value}"})
    assert signing_in.auth.last.header("x-parley-browser") == cookie.value
    assert f"browser={cookie.value}" in again.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/sign-in", "/api/login"])
async def test_whoever_signs_in_again_gives_up_the_session_that_they_have(signing_in: System, path: str) -> None:
    form = {"username": "ada", "password": "correct horse"}
    await signing_in.http.post(path, data=form, headers=signing_in.cookie())
    assert signing_in.auth.last.header("authorization") == signing_in.bearer()["Authorization"]
    signing_in.http.cookies.clear()
    await signing_in.http.post(path, data=form)
    assert signing_in.auth.last.header("authorization") is None


async def test_another_site_cannot_make_a_browser_give_up_its_session(signing_in: System) -> None:
    form = {"username": "ada", "password": "correct horse"}
    headers = {**signing_in.cookie(), "Origin": "http://evil.test"}
    await signing_in.http.post("/api/login", data=form, headers=headers)
    assert signing_in.auth.last.header("authorization") is None


async def test_no_client_says_by_itself_what_browser_it_is(whole: System) -> None:
    form = {"username": "ada", "password": "correct horse"}
    await whole.http.post("/api/login", data=form, headers={"X-Parley-Browser": "a-browser-of-22-letter"})
    assert whole.auth.last.header("x-parley-browser") is None


async def test_a_browser_that_calls_itself_something_odd_may_sign_in_too(signing_in: System) -> None:
    async with signing_in.wire() as wire:
        await wire.send(
            "POST /sign-in HTTP/1.1\r\nHost: h\r\nUser-Agent: \xe9t\xe9/1\r\nContent-Length: 27\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nusername=ada&password=horse"
        )
        assert (await wire.answer()).status == 303
    assert signing_in.auth.last.header("user-agent") == "\xe9t\xe9/1"


@pytest.mark.parametrize("trusted, secure", [("127.0.0.1", True), ("10.0.0.1", False), ("", False)])
async def test_the_cookie_is_secure_behind_a_trusted_proxy_that_says_https(trusted: str, *, secure: bool) -> None:
    async with system(trusted_proxies=trusted) as whole:
        whole.auth.handler = answering(200, {"access_token": "t", "expires_in": 60})
        assert bool(cookie_of(await sign_in(whole, HTTPS))["secure"]) is secure
        assert whole.auth.last.header("x-forwarded-for") == ("9.9.9.9" if secure else "127.0.0.1")
        gone = await whole.http.get("/logout", headers=HTTPS)
        assert bool(cookie_of(gone)["secure"]) is secure
        await whole.http.get("/api/search-user/ada", headers=HTTPS)
        assert whole.auth.last.header("x-forwarded-proto") == ("https" if secure else "http")


@pytest.mark.parametrize(
    "next, location",
    [
        ("/chat/grace", "/chat/grace"),
        ("/search?query=a&b=c#d", "/search?query=a&b=c#d"),
        ("", "/"),
        ("https://evil.test", "/"),
        ("//evil.test", "/"),
        ("///evil.test", "/"),
        ("/\\evil.test", "/"),
        ("\\\\evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("/\n/evil.test", "/"),
        ("\t//evil.test", "/"),
        (" //evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.test", "/"),
        ("/\x00", "/"),
        ("/a\r\nSet-Cookie: a=b", "/"),
    ],
)
async def test_signing_in_leads_to_a_page_of_this_site_only(signing_in: System, next: str, location: str) -> None:
    answer = await sign_in(signing_in, next=next)
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    names = [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")]
    assert names == ["access_token", "browser"]


async def test_the_sign_in_page_remembers_where_the_person_wanted_to_go(whole: System) -> None:
    assert 'name="next" value="/chat/grace"' in (await whole.http.get("/sign-in?next=/chat/grace")).text
    evil = (await whole.http.get("/sign-in", params={"next": f'//evil.test">{MARKUP}'})).text
    assert "evil.test" not in evil
    whole.auth.handler = answering(401, {"detail": "The password is wrong."})
    assert 'name="next" value="/chat/grace"' in (await sign_in(whole, next="/chat/grace")).text
    assert "evil.test" not in (await sign_in(whole, next="//evil.test")).text


@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
async def test_a_refusal_is_shown_on_the_page_and_as_text(whole: System, page: str) -> None:
    whole.auth.handler = answering(422, {"detail": f"Not {MARKUP} please."})
    form = {"username": f'"><b>{MARKUP}', "password": "secret horse", "email": MARKUP, "next": "/x"}
    answer = await whole.http.post(page, data=form)
    assert_page(answer, 422)
    assert 'role="alert"' in answer.text
    assert "Not &lt;script&gt;" in answer.text
    assert "&#34;&gt;&lt;b&gt;" in answer.text
    assert "secret horse" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
@pytest.mark.parametrize("body", [b"<html>oops", b"[1]", b"", b"\xff", b'{"detail": null}'])
async def test_a_refusal_that_cannot_be_read_is_still_one(whole: System, page: str, body: bytes) -> None:
    whole.auth.handler = saying(body, 500)
    answer = await whole.http.post(page, data={"username": "ada", "password": "x"})
    assert_page(answer, 500)
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
async def test_a_form_of_another_site_signs_nobody_in(whole: System, page: str, headers: dict[str, str]) -> None:
    answer = await whole.http.post(page, data={"username": "ada", "password": "x"}, headers=headers)
    assert code(answer) == (403, "cross_origin")
    assert whole.requests == {}


@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
async def test_a_form_without_fields_and_a_form_with_files_are_forms(whole: System, page: str) -> None:
    whole.auth.handler = answering(401, {"detail": "No."})
    assert_page(await whole.http.post(page), 401)
    assert_page(await whole.http.post(page, content=b"\xff=\xfe&&;", headers={"Content-Type": "text/plain"}), 401)
    answer = await whole.http.post(page, files={"username": ("x.txt", b"x")})
    assert code(answer) == (400, "malformed")


@pytest.mark.parametrize("extra_bytes, status", [(0, 401), (1, 413)])
async def test_a_form_has_a_limit(extra_bytes: int, status: int) -> None:
    async with system(json_body_bytes_max=1000) as whole:
        whole.auth.handler = answering(401, {"detail": "No."})
        body = b"username=" + b"a" * (991 + extra_bytes)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await whole.http.post("/sign-in", content=body, headers=form)
        assert answer.status_code == status
