"""Problems: every refusal has one shape, the right status, and tells no more than the client may know."""

import threading
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicekit import problems
from servicekit.problems import (
    COMMON,
    BodyTooLarge,
    FieldError,
    Invalid,
    Malformed,
    NotStored,
    ProblemType,
    Refusal,
    RefusalTable,
    TookTooLong,
    TooManyAtOnce,
    TooSlow,
    Unauthenticated,
    Unavailable,
    exception_handlers,
)
from tests.asgi import client_of


class RoomRefusal(Refusal):
    """The root of a service's own tree."""


class RoomIsFull(RoomRefusal):
    """It has its own row."""


class RoomIsClosed(RoomRefusal):
    """It has the row of its root."""


class Unlisted(Refusal):
    """Nobody said how to answer it."""


TABLE: RefusalTable = {RoomRefusal: ProblemType(403, "room"), RoomIsFull: ProblemType(409, "room_is_full")}


async def answer_to(error: Exception, method: str = "GET") -> httpx.Response:
    async def fail(_: Request[Any]) -> Response:
        raise error

    app = Starlette(routes=[Route("/", fail)], exception_handlers=exception_handlers(TABLE))
    async with client_of(app) as http:
        return await http.request(method, "/")


REFUSALS = [
    (Invalid(FieldError("name", "is too long")), 422, "invalid"),
    (Malformed("not JSON"), 400, "malformed"),
    (BodyTooLarge(1000), 413, "body_too_large"),
    (TooSlow(), 408, "too_slow"),
    (Unauthenticated("who are you?"), 401, "unauthenticated"),
    (Unavailable("come again"), 503, "unavailable"),
    (NotStored(), 503, "not_stored"),
    (TooManyAtOnce(4), 429, "too_many_requests"),
    (TookTooLong(5), 503, "took_too_long"),
    (RoomIsFull("no seat left"), 409, "room_is_full"),
    (RoomIsClosed("closed"), 403, "room"),
    (HTTPException(404), 404, "not_found"),
    (HTTPException(400, "bad form"), 400, "malformed"),
    (HTTPException(413), 413, "body_too_large"),
    (HTTPException(418), 418, "refused"),
]


@pytest.mark.parametrize("error, status, code", REFUSALS, ids=[repr(row[0]) for row in REFUSALS])
async def test_every_refusal_is_a_problem_of_one_shape(error: Exception, status: int, code: str) -> None:
    response = await answer_to(error)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem.keys() - {"errors"} == {"type", "title", "status", "detail", "code"}
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"].lower() == response.reason_phrase.lower()
    assert problem["detail"] == (error.detail if isinstance(error, HTTPException) else str(error)) != ""


async def test_no_refusal_needs_a_thread() -> None:
    """Starlette calls a handler that is no coroutine in one, which made a refusal three times as dear."""
    before = threading.active_count()
    for error, _, _ in REFUSALS:
        await answer_to(error)
    await answer_to(RuntimeError())
    assert threading.active_count() == before


def test_every_common_refusal_is_in_the_table_above() -> None:
    assert set(COMMON) == {type(error) for error, _, _ in REFUSALS} & set(COMMON)


async def test_a_validation_names_each_field() -> None:
    error = Invalid(FieldError("name", "is too long"), FieldError("topic", "is missing"))
    problem = (await answer_to(error)).json()
    assert problem["errors"] == [
        {"field": "name", "detail": "is too long"},
        {"field": "topic", "detail": "is missing"},
    ]
    assert problem["detail"] == "name: is too long; topic: is missing"


@pytest.mark.parametrize(
    "error, header, value",
    [(Unauthenticated("x"), "www-authenticate", "Bearer"), (Unavailable("x"), "retry-after", "1")],
)
async def test_a_refusal_brings_the_headers_that_belong_to_it(error: Refusal, header: str, value: str) -> None:
    assert (await answer_to(error)).headers[header] == value


async def test_a_wrong_method_is_told_which_are_right() -> None:
    response = await answer_to(HTTPException(500), method="POST")
    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("error", [RuntimeError("the password is hunter2"), Unlisted("the password is hunter2")])
async def test_a_fault_is_answered_without_its_details(error: Exception) -> None:
    response = await answer_to(error)
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "internal_error"
    assert "hunter2" not in response.text


def test_a_refusal_without_a_row_is_a_mistake_of_ours() -> None:
    with pytest.raises(Unlisted):
        problems.problem_type_of(Unlisted("x"), TABLE)
