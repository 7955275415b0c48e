"""Bodies: parsed once into a type, or refused with the name of the field."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from servicekit.bodies import FORM_FIELDS_MAX, convert, field_error, read_form, read_json
from servicekit.problems import FieldError, Invalid, exception_handlers
from tests.asgi import client_of

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    author: str
    stars: Annotated[int, msgspec.Meta(le=5)] = 0
    tags: list[Annotated[str, msgspec.Meta(max_length=4)]] = []


async def post_json(request: Request[Any]) -> JSONResponse:
    return JSONResponse(msgspec.to_builtins(await read_json(request, Note)))


async def post_form(request: Request[Any]) -> JSONResponse:
    return JSONResponse(msgspec.to_builtins(await read_form(request, Note)))


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    routes = [Route("/json", post_json, methods=["POST"]), Route("/form", post_form, methods=["POST"])]
    async with client_of(Starlette(routes=routes, exception_handlers=exception_handlers({}))) as client:
        yield client


@pytest.mark.parametrize("stars", ["5.0", "50e-1"])
async def test_an_integer_is_one_however_json_writes_it(http: httpx.AsyncClient, stars: str) -> None:
    response = await http.post("/json", content=f'{{"author": "Ada", "stars": {stars}, "tags": ["a"]}}')
    assert response.json() == {"author": "Ada", "stars": 5, "tags": ["a"]}


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_json_becomes_its_type(http: httpx.AsyncClient) -> None:
    response = await http.post("/json", content='{"author": "Ada é", "stars": 5, "tags": ["a"]}')
    assert response.json() == {"author": "Ada é", "stars": 5, "tags": ["a"]}


@pytest.mark.parametrize(
    "body, field",
    [
        ("{}", "author"),
        ('{"author": 1}', "author"),
        ('{"author": "ada", "stars": 6}', "stars"),
        ('{"author": "ada", "stars": "5"}', "stars"),
        ('{"author": "ada", "stars": 4.5}', "stars"),
        ('{"author": "ada", "stars": 6.0}', "stars"),
        ('{"author": "ada", "stars": 1e308}', "stars"),
        ('{"author": "ada", "tags": ["a", "far too long"]}', "tags[1]"),
        ('{"author": "ada", "admin": true}', "admin"),
        ("[]", ""),
        ("null", ""),
    ],
)
async def test_a_field_that_is_not_acceptable_is_named(http: httpx.AsyncClient, body: str, field: str) -> None:
    response = await http.post("/json", content=body)
    assert code(response) == (422, "invalid")
    (error,) = response.json()["errors"]
    assert error["field"] == field
    assert error["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"author": "ada"} and more',
        b'{"author": "\xff"}',
        b'{"author": "\\ud800"}',
        b'{"author": "a\nb"}',
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"\xef\xbb\xbf{}",
    ],
    ids=range(10),
)
async def test_what_is_not_json_is_malformed_and_never_a_fault(http: httpx.AsyncClient, body: bytes) -> None:
    status, name = code(await http.post("/json", content=body))
    assert (status, name) in {(400, "malformed"), (422, "invalid")}
    assert status == 400 or body.startswith((b"[", b'{"a":'))  # a wrong type is seen before the missing end


async def test_a_form_becomes_its_type(http: httpx.AsyncClient) -> None:
    response = await http.post("/form", data={"author": "Ada é & co", "stars": "4"})
    assert response.json() == {"author": "Ada é & co", "stars": 4, "tags": []}


async def test_a_form_may_be_utf_8_without_percents_and_its_last_field_counts(http: httpx.AsyncClient) -> None:
    response = await http.post("/form", content="author=Linus&author=Grâce&stars=".encode() + b"1", headers=FORM)
    assert response.json()["author"] == "Grâce"


async def test_a_form_may_be_multipart(http: httpx.AsyncClient) -> None:
    response = await http.post("/form", files={"author": (None, "Ada é"), "stars": (None, "3")})
    assert response.json() == {"author": "Ada é", "stars": 3, "tags": []}


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "undefined", "x" * 1_000])
async def test_a_form_is_utf_8_whatever_charset_it_names(http: httpx.AsyncClient, charset: str) -> None:
    part = 'Content-Disposition: form-data; name="author"\r\n\r\n\\ud800é\r\n'
    body = f'--b\r\n{part}--b\r\nContent-Disposition: form-data; name="stars"\r\n\r\n3\r\n--b--\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    response = await http.post("/form", content=body.encode(), headers=headers)
    assert response.json()["author"] == "\\ud800é"


@pytest.mark.parametrize("body", [b"author=\xff", b"author=%FF", b"a=1&" * (FORM_FIELDS_MAX + 1)], ids=range(3))
async def test_a_form_that_cannot_be_read_is_malformed(http: httpx.AsyncClient, body: bytes) -> None:
    assert code(await http.post("/form", content=body, headers=FORM)) == (400, "malformed")


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("multipart/form-data", b"--x"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * (FORM_FIELDS_MAX + 1) + b"--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="author"\r\n\r\n\xff\r\n--x--',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="author"; filename="a"\r\n\r\nada\r\n--x--\r\n',
        ),
    ],
)
async def test_a_multipart_form_that_cannot_be_read_is_malformed(
    http: httpx.AsyncClient, content_type: str, body: bytes
) -> None:
    response = await http.post("/form", content=body, headers={"content-type": content_type})
    assert code(response) == (400, "malformed")


async def test_a_form_without_its_field_is_invalid(http: httpx.AsyncClient) -> None:
    response = await http.post("/form", data={"stars": "3"})
    assert code(response) == (422, "invalid")
    assert response.json()["errors"][0]["field"] == "author"


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-8", ""])
async def test_what_is_no_form_is_told_which_is_wanted(http: httpx.AsyncClient, content_type: str) -> None:
    response = await http.post("/form", content=b"author=ada", headers={"content-type": content_type})
    assert code(response) == (422, "invalid")
    (error,) = response.json()["errors"]
    assert error["field"] == ""
    assert "application/x-www-form-urlencoded or multipart/form-data" in error["detail"]
    assert (content_type.partition(";")[0] or "no type") in error["detail"]


def test_the_word_null_is_a_text_and_never_nothing() -> None:
    class Page(msgspec.Struct, frozen=True):
        before: int | None = None
        name: str | None = None

    assert convert({"name": "null"}, Page).name == "null"
    for null in ("null", "NULL"):
        with pytest.raises(Invalid) as refused:
            convert({"before": null}, Page)
        assert refused.value.errors[0].field == "before"


def test_text_becomes_numbers_where_the_type_says_so() -> None:
    assert convert({"author": "ada", "stars": "2"}, Note) == Note("ada", 2)
    with pytest.raises(Invalid) as refused:
        convert({"author": "ada", "stars": "many"}, Note)
    assert refused.value.errors[0].field == "stars"


@pytest.mark.parametrize(
    "message, error",
    [
        ("Expected `int`, got `str` - at `$.a.b`", FieldError("a.b", "Expected `int`, got `str`")),
        (
            "Object missing required field `c` - at `$.a`",
            FieldError("c", "Object missing required field `c`"),
        ),
        ("Object contains unknown field `c`", FieldError("c", "Object contains unknown field `c`")),
        ("Expected `object`, got `null`", FieldError("", "Expected `object`, got `null`")),
    ],
)
def test_a_message_of_msgspec_is_taken_apart(message: str, error: FieldError) -> None:
    assert field_error(message) == error


NUL = "a\\u0000b"


@pytest.mark.parametrize(
    "body, field",
    [(f'{{"author": "{NUL}"}}', "author"), (f'{{"author": "ada", "tags": ["a", "{NUL}"]}}', "tags")],
)
async def test_no_text_in_json_holds_nul(http: httpx.AsyncClient, body: str, field: str) -> None:
    response = await http.post("/json", content=body)
    assert (code(response), response.json()["errors"][0]["field"]) == ((422, "invalid"), field)


async def test_nul_spelled_out_is_a_text_like_others(http: httpx.AsyncClient) -> None:
    assert (await http.post("/json", content='{"author": "\\\\u0000"}')).json()["author"] == "\\u0000"


async def test_no_field_of_a_form_holds_nul(http: httpx.AsyncClient) -> None:
    for content in ({"content": b"author=a%00b", "headers": FORM}, {"files": {"author": (None, b"a\0b")}}):
        response = await http.post("/form", **content)
        assert (code(response), response.json()["errors"][0]["field"]) == ((422, "invalid"), "author")


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00x", "x\\ud800\\ud800"])
async def test_half_a_character_is_no_json(http: httpx.AsyncClient, text: str) -> None:
    for body in (f'{{"author": "{text}"}}', f'{{"author": "ada", "{text}": 1}}'):
        assert code(await http.post("/json", content=body)) in {(400, "malformed"), (422, "invalid")}
