"""Signing up, in and out with a browser that runs no scripts, and whether the whole is ready."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.gateway.gateways import TIMEOUT_S, Clock, System, code, system
from tests.gateway.stand_ins import Exchange, Handler
from tests.valkey import Valkey
from tests.waiting import eventually

FIRST_PAGE: dict[str, object] = {"/api/saved-chats": [], "/api/rooms": []}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
MARKUP = "<script>alert(1)</script>"
HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}


def answering(status: int, content: object) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json(content, status)

    return answer


def telling(answers: dict[str, object], status: int = 200) -> Handler:
    """Each path its answer."""

    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply_json(answers.get(exchange.request.path, {}), status)

    return answer


def saying(body: bytes, status: int = 200) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.reply(status, body)

    return answer


@pytest.mark.parametrize("choice,may_go", [("proxy", False), ("off", False), ("direct", True)])
async def test_pages_load_pictures_of_other_hosts_only_where_that_was_chosen(choice: str, *, may_go: bool) -> None:
    async with system(remote_avatars=choice) as chosen:
        policy = (await chosen.http.get("/sign-in", headers=BROWSER)).headers["content-security-policy"]
    (sources,) = re.findall(r"img-src ([^;]*)", policy)
    assert sources.split() == ["'self'", "data:", *(["https:", "http:"] if may_go else [])]


@pytest.fixture
async def signing_in(whole: System) -> System:
    whole.auth.handler = answering(
        200, {"access_token": whole.issuer.token(), "token_type": "bearer", "expires_in": 604800}
    )
    return whole


async def sign_in(whole: System, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    form = {"username": "ada", "password": "correct horse", **fields}
    return await whole.http.post("/sign-in", data=form, headers=headers)


def cookie_of(answer: httpx.Response) -> Any:
    return SimpleCookie("; ".join(answer.headers.get_list("set-cookie")))["access_token"]


def assert_page(answer: httpx.Response, status: int = 200) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert (
        re.search(r"<script(?! (?:defer|type=\"module\") src=\"/static/| type=\"application/json\")", answer.text)
        is None
    )
    assert "style=" not in answer.text


async def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(whole: System) -> None:
    answer = await whole.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    stale = await whole.http.get("/", headers={"Cookie": "access_token=none"})
    assert stale.headers["location"] == "/sign-in"
    wanted = await whole.http.get("/chat/grace?before=7")
    assert wanted.headers["location"] == "/sign-in?next=/chat/grace%3Fbefore%3D7"
    assert whole.requests == {}


@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
async def test_the_forms_are_pages(whole: System, page: str) -> None:
    answer = await whole.http.get(page)
    assert_page(answer)
    assert f'method="post" action="{page}"' in answer.text


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


async def test_the_first_page_shows_the_chats_as_text(whole: System) -> None:
    chat = {"chat_username": "grace", "chat_nickname": f"Grace {MARKUP}", "last_message": f"{MARKUP} <b>hi</b>"}
    chat["last_message_time"] = "2026-11-22T19:56:02.859Z"
    whole.chat.handler = telling({**FIRST_PAGE, "/api/saved-chats": [chat]})
    answer = await whole.http.get("/", headers=whole.cookie())
    assert_page(answer)
    assert "ada" in answer.text
    assert "Grace &lt;script&gt;" in answer.text
    assert "&lt;b&gt;hi" in answer.text
    asked = {"/api/saved-chats", "/api/rooms", "/api/mentions?limit=50"}
    assert {request.target for request in whole.chat.requests} == asked
    assert whole.chat.last.header("authorization") == whole.bearer()["Authorization"]


async def test_services_are_told_by_which_host_a_page_was_reached(whole: System) -> None:
    """Auth takes no address of ours for a person's picture, and has to know which are ours."""
    headers = {**whole.cookie(), "Host": "parley.example:8443", "X-Forwarded-Host": "evil.example"}
    await whole.http.post("/settings", data={"avatar_url": "https://parley.example/x"}, headers=headers)
    asked = [request for request in whole.auth.requests if request.target == "/api/update-avatar"]
    assert [request.header("x-forwarded-host") for request in asked] == ["parley.example:8443"]


@pytest.mark.parametrize("content", [{"detail": "oops"}, "<oops>"])
async def test_a_page_that_cannot_be_made_says_so(whole: System, content: object) -> None:
    whole.chat.handler = answering(500, content)
    assert_page(await whole.http.get("/", headers=whole.cookie()), 503)


async def test_pages_that_need_a_service_that_is_away_say_so() -> None:
    async with system() as whole:
        whole.chat.handler = telling(FIRST_PAGE)
        assert (await whole.http.get("/", headers=whole.cookie())).status_code == 200
        await whole.chat.stop()
        away = await whole.http.get("/", headers=whole.cookie())
        assert_page(away, 503)
        assert away.headers["retry-after"] == "1"
        await whole.auth.stop()
        assert_page(await sign_in(whole), 503)
        assert (await whole.http.get("/sign-in")).status_code == 200


async def test_an_unknown_path_is_a_page_for_a_browser_and_a_problem_for_a_program(whole: System) -> None:
    assert_page(await whole.http.get("/nothing", headers=BROWSER), 404)
    assert code(await whole.http.get("/nothing")) == (404, "not_found")
    refused = await whole.http.post("/sign-in", headers={**BROWSER, "Origin": "http://evil.test"})
    assert_page(refused, 403)


# Signing out


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


# Health


@pytest.fixture
async def healthy(valkey_url: str) -> AsyncIterator[System]:
    async with system(redis_url=valkey_url) as whole:
        for service in whole.services:
            service.at["/readyz"] = answering(200, {"status": "ok"})

        async def has_redis() -> bool:
            return (await ready(whole, 200))["redis"] == "ok"

        await eventually(has_redis)
        yield whole


async def test_the_gateway_is_alive_although_nothing_else_is(whole: System) -> None:
    assert (await whole.http.get("/healthz")).json() == {"status": "ok"}


async def test_the_gateway_is_ready_when_all_are(healthy: System) -> None:
    answer = await ready(healthy, 200)
    assert answer == dict.fromkeys(["redis", "revocations", "auth", "chat", "media", "video"], "ok")


async def ready(whole: System, status: int) -> dict[str, str]:
    """What `/readyz` says of each, once it answers with `status`."""
    answers: list[httpx.Response] = []

    async def is_answered() -> bool:
        answers.append(await whole.http.get("/readyz"))
        return answers[-1].status_code == status

    await eventually(is_answered)
    return dict(answers[-1].json()["checks"])


@pytest.mark.parametrize("name", ["chat", "media", "video"])
async def test_the_gateway_is_not_ready_when_one_is_away(healthy: System, name: str) -> None:
    await ready(healthy, 200)
    await next(service for service in healthy.services if service.name == name).stop()
    answer = await ready(healthy, 503)
    assert [service for service, state in answer.items() if state != "ok"] == [name]


async def test_the_gateway_is_not_ready_when_one_is_not(healthy: System) -> None:
    await ready(healthy, 200)
    healthy.media.at["/readyz"] = answering(503, {"status": "unavailable"})
    answer = await ready(healthy, 503)
    assert [service for service, state in answer.items() if state != "ok"] == ["media"]


async def test_without_redis_the_gateway_stays_in_service_and_says_so() -> None:
    valkey = Valkey()
    valkey.start()
    try:
        async with system(redis_url=valkey.url) as whole:
            for service in whole.services:
                service.at["/readyz"] = answering(200, {"status": "ok"})
            await ready(whole, 200)
            valkey.kill()

            async def is_told() -> bool:
                return (await ready(whole, 200))["redis"] == "away"

            await eventually(is_told)
    finally:
        valkey.close()


async def test_redis_that_a_service_misses_is_told_by_the_gateway(healthy: System) -> None:
    assert (await ready(healthy, 200))["redis"] == "ok"
    healthy.chat.at["/readyz"] = answering(200, {"status": "ok", "checks": {"redis": "away"}})
    assert (await ready(healthy, 200))["redis"] == "away"


async def test_a_fault_of_ours_is_a_problem_answer() -> None:
    clock = Clock()
    async with system(clock) as whole:
        clock.is_broken = True
        for path in ("/", "/api/rooms"):
            answer = await whole.http.get(path, headers=whole.cookie())
            assert code(answer) == (500, "internal_error")
            assert "mistake" not in answer.text
        page = await whole.http.get("/", headers={**whole.cookie(), **BROWSER})
        assert_page(page, 500)
        assert "mistake" not in page.text


# Rooms


def room(name: str, **fields: object) -> dict[str, object]:
    return {"name": name, "topic": "", "members_count": 1, **fields}


def paging(rooms: list[dict[str, object]], link: str) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        if exchange.request.path == "/api/rooms":
            await exchange.reply(200, json.dumps(rooms).encode(), Link=link)
        else:
            await exchange.reply_json([])

    return answer


async def test_the_page_of_rooms_searches_and_leads_on(whole: System) -> None:
    link = '</api/rooms?query=a+b&after=2027%2C7&limit=100>; rel="next"'
    whole.chat.handler = paging([room("garden", is_member=True), room("open", topic=MARKUP)], link)
    answer = await whole.http.get("/rooms?query=a+b&after=x", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    assert MARKUP not in answer.text
    assert 'href="/rooms?query=a+b&amp;after=2027%2C7"' in answer.text
    assert 'action="/rooms/open/join"' in answer.text
    assert 'action="/rooms/garden/join"' not in answer.text
    asked = {request.target for request in whole.chat.requests}
    assert "/api/rooms?query=a+b&after=x" in asked


async def test_the_page_of_rooms_says_why_it_is_empty(whole: System) -> None:
    whole.chat.handler = telling(FIRST_PAGE)
    answer = await whole.http.get("/rooms?query=nowhere", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    assert "No room that you may know of" in answer.text


async def test_home_leads_to_all_rooms_also_where_its_own_fill_the_first_page(whole: System) -> None:
    own = [room(f"r{number}", is_member=True) for number in range(100)]
    whole.chat.handler = telling({**FIRST_PAGE, "/api/rooms": own})
    answer = await whole.http.get("/", headers={**BROWSER, **whole.cookie()})
    assert 'href="/rooms"' in answer.text
    assert "You are in all of them" not in answer.text


async def test_the_room_that_is_shown_is_in_the_list_however_long_nothing_was_said_there(whole: System) -> None:
    own = [room(f"r{number}", is_member=True) for number in range(100)]
    quiet = room("quiet", is_member=True, members=["ada"])
    whole.chat.handler = telling(
        {**FIRST_PAGE, "/api/rooms": own, "/api/rooms/quiet": quiet, "/api/rooms/quiet/messages": []}
    )
    answer = await whole.http.get("/rooms/quiet", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    assert re.search(r'<li data-conversation="#quiet"[^>]*>\s*<a href="/rooms/quiet" aria-current="page">', answer.text)


# Marking as read

NEWS = {"id": 7, "seq": 7, "conversation": "@grace", "sender_username": "grace", "message": "Hello"}
NEWS |= {"timestamp": "2026-11-22T19:56:02.859Z"}
READ = "/api/messages/grace/read"


@pytest.fixture
async def with_news(whole: System) -> AsyncIterator[System]:
    saved = {"chat_username": "grace", "unread": 1, "last_seq": 7}
    whole.chat.handler = telling({**FIRST_PAGE, "/api/saved-chats": [saved], "/api/messages/grace": [NEWS]})
    yield whole
    for path in (READ, "/api/saved-chats"):
        whole.chat.at.pop(path, None)


def marks(whole: System) -> list[bytes]:
    return [request.body for request in whole.chat.requests if request.path == READ]


async def see(whole: System, headers: dict[str, str] | None = None) -> int:
    """Load the picture on the page, as a browser without scripts does."""
    origin = str(whole.http.base_url).rstrip("/")
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image", "Referer": f"{origin}/chat/grace"}
    answer = await whole.http.get("/chat/grace/seen?seq=7", headers={**whole.cookie(), **own, **(headers or {})})
    return answer.status_code


async def test_a_page_marks_nothing_but_has_a_picture_that_does_where_no_script_runs(with_news: System) -> None:
    page = await with_news.http.get("/chat/grace", headers={**BROWSER, **with_news.cookie()})
    assert '<noscript><img src="/chat/grace/seen?seq=7" alt="" hidden></noscript>' in page.text
    assert marks(with_news) == []
    assert await see(with_news) == 204
    assert marks(with_news) == [b'{"seq":7}']
    older = await with_news.http.get("/chat/grace?before=9", headers={**BROWSER, **with_news.cookie()})
    assert "/seen" not in older.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Referer": "https://elsewhere.example/chat/grace"}]
)
async def test_another_site_marks_nothing_as_read(with_news: System, headers: dict[str, str]) -> None:
    assert await see(with_news, headers) == 204
    assert marks(with_news) == []


async def test_the_next_page_waits_for_what_the_last_one_marks_as_read(with_news: System) -> None:
    asked, may_go = asyncio.Event(), asyncio.Event()
    told: list[str] = []

    async def slow(exchange: Exchange) -> None:
        await exchange.read_body()
        asked.set()
        await may_go.wait()
        told.append("marked")
        await exchange.reply_json({})

    async def chats(exchange: Exchange) -> None:
        told.append("asked for chats")
        await exchange.reply_json([])

    headers = {**BROWSER, **with_news.cookie()}
    with_news.chat.at[READ] = slow
    async with asyncio.timeout(TIMEOUT_S):
        seeing = asyncio.create_task(see(with_news))
        await asked.wait()
        with_news.chat.at["/api/saved-chats"] = chats
        home = asyncio.create_task(with_news.http.get("/", headers=headers))
        await with_news.http.get("/healthz")  # by then the gateway has begun with the page
        may_go.set()
        assert_page(await home)
        await seeing
    assert told == ["marked", "asked for chats"]


@pytest.mark.parametrize("status", [404, 422, 500, 503])
async def test_a_mark_that_fails_harms_nobody(
    with_news: System, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with_news.chat.at[READ] = answering(status, {"detail": "No."})
    assert await see(with_news) == 204
    assert_page(await with_news.http.get("/chat/grace", headers={**BROWSER, **with_news.cookie()}))
    assert "fault" not in capsys.readouterr().out
