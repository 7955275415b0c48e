"""The contract of all services: whole, valid, and the same as what is parsed."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from gateway.domain.contract import GATEWAY
from gateway.domain.route_table import OWN, find
from servicekit.contract import SCHEMAS, Description, operations
from servicekit.routing import Endpoint, MethodsRoute
from servicekit.version import __version__
from tests.contracts import public
from tests.unwatched import unwatched
from tests.whole_contract import DOCUMENT, SERVICES

PUBLIC = [(service, *found) for service, (routes, _) in SERVICES.items() for found in public(routes)]
IDS = [f"{method} {route.path_format}" for _, route, method in PUBLIC]
FORWARDED = [pytest.param(*one, id=name) for one, name in zip(PUBLIC, IDS, strict=True) if one[0] != GATEWAY]
DESCRIBED = [
    pytest.param(endpoint, described, id=f"{method} {route.path_format}")
    for routes, _ in SERVICES.values()
    for route, method, endpoint, described in operations(routes)
]


def references(value: Any) -> Iterator[str]:
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(one)
    if isinstance(value, dict) and "$ref" in value:
        yield value["$ref"]


def test_it_is_valid_openapi_3_1() -> None:
    # To import it is a fifth of what every worker's start costs.
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415

    with unwatched():  # it takes seconds, and runs nothing of ours
        OpenAPIV31SpecValidator(msgspec.json.decode(msgspec.json.encode(DOCUMENT))).validate()


def test_every_schema_that_is_referred_to_is_there_and_no_other() -> None:
    assert set(references(DOCUMENT)) == {SCHEMAS + name for name in DOCUMENT["components"]["schemas"]}


def test_a_pair_is_a_list_of_two_as_generators_of_clients_want_it() -> None:
    marks = DOCUMENT["components"]["schemas"]["SearchHit"]["properties"]["marks"]
    assert marks["items"] == {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}}
    assert b"prefixItems" not in msgspec.json.encode(DOCUMENT)


HOURS = {"starts": "22:00", "ends": "07:30", "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    "name, body, is_valid",
    [
        ("NewReport", {"message_id": 1, "username": None}, True),
        ("NewReport", {"username": "ada"}, True),
        ("NewReport", {"message_id": 1, "username": "ada"}, False),
        ("NewReport", {"message_id": None}, False),
        ("NewMessage", {"message": "Hello!", "attachments": []}, True),
        ("NewMessage", {"attachments": ["Zq1JMRLK8zMySbpKG3sYsQ"]}, True),
        ("NewMessage", {"message": " \n"}, False),
        ("NewMessage", {"attachments": []}, False),
        ("QuietHours", HOURS, True),
        ("QuietHours", dict.fromkeys(HOURS), True),
        ("QuietHours", {}, True),
        ("QuietHours", {**HOURS, "ends": None}, False),
        ("QuietHours", {"time_zone": "Europe/Berlin"}, False),
    ],
)
def test_what_the_fields_of_a_body_are_together_is_told(name: str, body: dict[str, Any], is_valid: bool) -> None:
    assert Draft202012Validator(DOCUMENT["components"]["schemas"][name]).is_valid(body) == is_valid


@pytest.mark.parametrize("service, route, method", PUBLIC, ids=IDS)
def test_every_public_path_is_in_it_with_every_method(service: str, route: MethodsRoute, method: str) -> None:
    operation = DOCUMENT["paths"][route.path_format][method.lower()]
    assert operation["tags"] == [service]
    assert {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"} == {*route.param_convertors}
    assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_nothing_else_is_in_it() -> None:
    shown = {(path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert shown == {(route.path_format, method) for _, route, method in PUBLIC}


def test_what_the_gateway_answers_itself_leads_nowhere() -> None:
    assert {route.path_format for service, route, _ in PUBLIC if service == GATEWAY} == OWN
    assert [find(path) for path in OWN] == [None]


@pytest.mark.parametrize("service, route, method", FORWARDED)
def test_the_gateway_leads_there_and_lets_the_same_people_pass(service: str, route: MethodsRoute, method: str) -> None:
    operation = DOCUMENT["paths"][route.path_format][method.lower()]
    led = find(route.path_format.replace("{", "").replace("}", ""))
    assert led is not None
    assert led.service == service
    assert bool(operation["security"]) == led.needs_token(method)
    assert ("401" in operation["responses"]) >= bool(operation["security"])
    assert ("429" in operation["responses"]) >= (led.rate is not None)


@pytest.mark.parametrize("endpoint, described", DESCRIBED)
def test_an_endpoint_parses_the_types_of_its_description_and_no_others(
    endpoint: Endpoint, described: Description
) -> None:
    said = {("read_json", described.body), ("read_form", described.form), ("read_query", described.query)}
    assert set(parsed_by(endpoint)) == {(reader, kind.__name__) for reader, kind in said if kind is not None}
    assert described.example is None or type(described.example) in {described.body, described.form}


def parsed_by(endpoint: Any) -> Iterator[tuple[str, str]]:
    """The readers that a function calls, directly or through others of its module, with the types it gives them."""
    module = importlib.import_module(endpoint.__module__)
    seen: set[str] = set()
    waiting = [endpoint]
    while waiting:
        for name, last in calls(waiting.pop()):
            if name in {"read_json", "read_form", "read_query", "convert"}:
                yield "read_query" if name == "convert" else name, last
            elif name not in seen and is_own(module, name):
                seen.add(name)
                waiting.append(getattr(module, name))


def calls(function: Any) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            last = node.args[-1] if node.args else None
            yield node.func.id, last.id if isinstance(last, ast.Name) else ""


def is_own(module: ModuleType, name: str) -> bool:
    function = getattr(module, name, None)
    return isinstance(function, FunctionType) and function.__module__ == module.__name__


def test_its_version_is_that_of_the_code() -> None:
    assert DOCUMENT["info"]["version"] == __version__
