"""`/docs`: every path, type and code for people to read, and nothing that a part says runs."""

import re
from html import unescape
from typing import Any

from gateway.domain.contract import joined
from gateway.domain.contract_page import page_of
from gateway.domain.route_table import Service
from servicekit.contract import PATH, Contract
from servicekit.texts import SEEN_LINE_PATTERN
from tests.gateway.contract.parts import AUTH, document, part, telling, whole_of
from tests.gateway.gateways import System

MARKUP = "<script>alert(1)</script>"


async def test_the_page_shows_every_path_type_and_code(told: System) -> None:
    content, answer = await document(told), await told.http.get("/docs")
    text = unescape(answer.text)
    for path, methods in content["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in text
            assert f'id="{operation["operationId"]}"' in text
    for name in content["components"]["schemas"]:
        assert f'id="type-{name}"' in text
    assert "at most 64 characters" in text
    assert "<code>unknown_room</code>" in text
    assert '<a href="#type-MessageView">' in text
    assert '{"name":"garden","topic":"What grows"}' in text


async def test_the_page_runs_its_own_script_alone_and_fetches_nothing_from_elsewhere(told: System) -> None:
    answer = await told.http.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    scripts = re.findall(r"<script[^>]*>[^<]*", answer.text)
    assert [re.sub(r"\.\w{12}\.", ".", one) for one in scripts] == [
        '<script type="module" src="/static/contract_calls.js">'
    ]
    assert "://" not in answer.text.replace("https://ada.example", "").replace("https?://", "")


async def test_the_page_tells_who_is_missing(told: System) -> None:
    await told.video.stop()
    assert "Not here now, and so left out: video." in (await told.http.get("/docs")).text


async def test_whatever_a_part_says_is_escaped(told: System) -> None:
    schema = {"type": MARKUP, "pattern": MARKUP, "description": MARKUP, "default": MARKUP}
    told.auth.at[PATH] = telling(
        Contract(
            part(
                "/" + MARKUP,
                operationId=f'"{MARKUP}',
                summary=MARKUP,
                description=MARKUP,
                parameters=[{"name": MARKUP, "in": MARKUP, "required": True, "schema": schema}],
                requestBody={"content": {MARKUP: {"schema": schema, "example": MARKUP}}},
                responses={MARKUP: {"description": MARKUP, "headers": {MARKUP: {"description": MARKUP}}}},
            ).paths,
            {MARKUP: {"properties": {MARKUP: {"$ref": MARKUP}}, "description": MARKUP}},
        )
    )
    text = (await told.http.get("/docs")).text
    assert MARKUP not in text
    assert text.count("&lt;script&gt;") > 15


def test_the_types_are_said_in_words() -> None:
    schemas: dict[str, dict[str, Any]] = {
        "Room": {"properties": {"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3}}},
        "Keys": {"type": "object", "additionalProperties": {"type": "integer"}},
        "Outcome": {"enum": ["missed", "declined"]},
        "Maybe": {"anyOf": [{"$ref": "#/components/schemas/Room"}, {"type": "null"}]},
    }
    page = page_of(joined({Service.CHAT: Contract({}, schemas)}))
    said = {one.name: "".join(word.text for word in one.words) for one in page.types}
    assert said == {
        "Keys": "object, by name, of integer",
        "Maybe": "Room or null",
        "Outcome": "missed or declined",
        "Room": "bytes",
    }
    (room,) = [one for one in page.types if one.name == "Room"]
    assert [("".join(word.text for word in one.words), one.limits) for one in room.fields] == [
        ("list of string", "at most 3")
    ]


def test_what_a_line_may_hold_is_said_in_words() -> None:
    name = {"type": "string", "pattern": SEEN_LINE_PATTERN, "maxLength": 9}
    code = {"anyOf": [{"type": "string", "pattern": "^[a-f]$"}, {"type": "null"}]}
    page = page_of(joined({Service.AUTH: Contract({}, {"Person": {"properties": {"name": name, "code": code}}})}))
    limits = [one.limits for one in page.types[0].fields]
    assert limits == [
        "one line without control characters, of which something is seen, at most 9 characters",
        "matches ^[a-f]$",
    ]


def test_one_body_in_two_forms_is_shown_once() -> None:
    page = page_of(whole_of({Service.AUTH: AUTH}))
    (form,) = [one for one in page.sections[0].operations if one.path == "/api/login"]
    assert [one.content_types for one in form.body] == [("application/x-www-form-urlencoded",)]
