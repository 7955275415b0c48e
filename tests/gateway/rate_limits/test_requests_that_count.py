"""Which requests count: only attempts, however they name somebody, and pages that make one."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.domain.route_table import ROUTES, Rate, Route, find_own
from gateway.pages.page_request import identify
from gateway.pages.service_client import ask, form_body, json_body
from tests.gateway.gateways import System, system
from tests.gateway.rate_limits.attempts import LIMITS, WRONG, all_right, all_wrong, assert_limited, by_form, by_json


async def test_only_attempts_count(limited: System) -> None:
    limited.auth.handler = all_right
    for _ in range(10):
        for path in ("/api/login", "/api/user/login", "/register", "/api/register"):
            assert (await limited.http.get(path)).status_code == 200
            assert (await limited.http.options(path)).status_code == 200
    assert (await by_json(limited)).status_code == 200


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/x-www-form-urlencoded", "username=grace&username=ada&password=x"),
        ("APPLICATION/X-WWW-FORM-URLENCODED", "username=ada&password=x"),
        ("application/x-www-form-urlencoded; charset=utf-8", "username=%61da&password=x"),
        ("application/x-www-form-urlencoded", "password=x&%75sername=ad%61"),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nada\r\n--b--\r\n',
        ),
    ],
)
async def test_the_form_of_a_form_does_not_hide_whose_it_is(limited: System, content_type: str, body: str) -> None:
    for _ in range(3):
        await by_json(limited, "ada")
    answer = await limited.http.post("/api/login", content=body, headers={"Content-Type": content_type})
    assert_limited(answer, 60)


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/x-www-form-urlencoded", '{"username": "ada", "password": "x"}'),
        ("text/plain", '{"username": "ada"}'),
        ("application/json", '{"username": "grace", "username": "ada"}'),
        ("application/json", '{"user\\u006eame": "\\u0061da"}'),
    ],
)
async def test_the_type_of_a_json_body_does_not_hide_whose_it_is(limited: System, content_type: str, body: str) -> None:
    for _ in range(3):
        await by_form(limited, "ada")
    answer = await limited.http.post("/api/user/login", content=body, headers={"Content-Type": content_type})
    assert_limited(answer, 60)


@pytest.mark.parametrize("path", ["/api/login", "/api/user/login"])
@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b'{"username": 7}'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 5000),
        ("application/x-www-form-urlencoded", b"username=%ff"),
        ("application/x-www-form-urlencoded", b"&" * 300 + b"a=b" * 300),
        ("multipart/form-data", b"--b"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'),
        ("", b"username=ada"),
    ],
)
async def test_a_body_that_names_nobody_is_left_to_the_service(
    whole: System, path: str, content_type: str, body: bytes
) -> None:
    answer = await whole.http.post(path, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200
    assert whole.auth.last.body == body


# Pages


LIMITED = [route for route in ROUTES if route.rate is not None]
ONCE: dict[str, Any] = dict.fromkeys(LIMITS, 1)


def with_a_new_page(app: ASGIApp) -> ASGIApp:
    """The gateway, and a page that asks what it is told to ask, and knows nothing of limits."""

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/a-new-page":
            scope["parley.request_id"] = "a-request"
            await (await new_page(Request(scope, receive)))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return whole


async def new_page(request: Request[Any]) -> Response:
    rate, path = request.query_params["rate"], request.query_params["path"]
    write = form_body if rate == Rate.SIGN_IN_BY_FORM.value else json_body
    answer = await ask(await identify(request), "POST", path, body=write({"username": "ada", "password": "x"}))
    return Response(answer.body, answer.status, answer.headers)


@pytest.fixture
async def once() -> AsyncIterator[System]:
    async with system(**ONCE, around=with_a_new_page) as whole:
        whole.auth.handler = all_wrong
        yield whole


async def attempt(whole: System, route: Route, how: str) -> httpx.Response:
    """As a program, or by way of the page, the gateway is asked for the same."""
    assert route.rate is not None
    credentials = {"username": "ada", "password": "x"}
    body: dict[str, Any] = {"data" if route.rate is Rate.SIGN_IN_BY_FORM else "json": credentials}
    if how == "by page":
        asked = {"path": route.path, "rate": route.rate.value}
        return await whole.http.post("/a-new-page", headers=whole.cookie(), params=asked)
    return await whole.http.post(route.path, headers=whole.bearer(), **body)


@pytest.mark.parametrize("first, then", [("by page", "by page"), ("by page", "forwarded"), ("forwarded", "by page")])
@pytest.mark.parametrize("route", LIMITED, ids=lambda route: route.path)
async def test_a_page_that_reaches_a_limited_path_counts_without_knowing_it(
    once: System, route: Route, first: str, then: str
) -> None:
    assert (await attempt(once, route, first)).status_code == WRONG.get(route.path, 200)
    refused = await attempt(once, route, then)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert [one.path for one in once.auth.requests] == [route.path]


@pytest.mark.parametrize("path", ["/internal/profiles", "/api/nothing", "/sign-in", ""])
def test_a_page_can_ask_for_nothing_that_is_not_in_the_route_table(path: str) -> None:
    with pytest.raises(LookupError):
        find_own(path)
