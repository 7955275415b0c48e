"""The contract of a service: what its endpoints say of themselves, as OpenAPI."""

from typing import Annotated, Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicekit import contract
from servicekit.contract import Limits, contract_of, describes
from servicekit.etags import is_known
from servicekit.problems import ProblemType, Refusal, RefusalTable
from servicekit.routing import route
from tests.asgi import client_of

Number = Annotated[int, msgspec.Meta(ge=1, le=9, description="how many")]


class Flower(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=64)]
    color: str | None = None
    petals: Number = 5


class Painted(msgspec.Struct):
    color: str | None = None


class FlowersQuery(msgspec.Struct):
    color: str
    limit: Number = 3
    after: str | None = None


class BedConvertor(StringConvertor):
    regex = "[NS][0-9]"


register_url_convertor("bed", BedConvertor())


@describes("Read a bed", access="anyone")
async def read_bed(_: Request[Any]) -> Response:
    return Response()


class Withered(Refusal):
    """It is too late."""


class NoSuchFlower(Refusal):
    """There is none."""


class LostFlower(NoSuchFlower):
    """It has no row of its own."""


REFUSALS: RefusalTable = {Withered: ProblemType(409, "withered"), NoSuchFlower: ProblemType(404, "no_such_flower")}


@describes("Plant", body=Flower, example=Flower("rose"), answer=Flower, status=201, refusals=(Withered, LostFlower))
async def plant(_: Request[Any]) -> Response:
    """In the order in which they come."""
    return Response()


@describes("List", access="anyone", query=FlowersQuery, answer=list[Flower], links=("prev", "next"))
async def flowers(_: Request[Any]) -> Response:
    return Response()


@describes("Show", content_type="image/*", also={304: "You have it."})
async def picture(_: Request[Any]) -> Response:
    return Response()


ONE_COLOR = {"not": {"properties": {"color": {"type": "null"}}}}


@describes("Paint", access="anyone", body=Painted, rules=ONE_COLOR, needs_body=False)
async def paint(_: Request[Any]) -> Response:
    return Response()


@describes("Change", form=Flower, status=204)
async def change(_: Request[Any]) -> Response:
    return Response()


@describes("Send", takes_files=True, answer=Flower)
async def send(_: Request[Any]) -> Response:
    return Response()


async def unsaid(_: Request[Any]) -> Response:
    return Response()


ROUTES = [
    route("/flowers", GET=flowers, POST=plant),
    route("/flowers/{number:int}/pictures/{name}", GET=picture, PUT=send),
    route("/flowers/{number:int}", POST=change, DELETE=unsaid),
    Route("/internal/flowers", unsaid),
]
PATHS = contract_of(ROUTES, REFUSALS).paths


def codes(operation: Any) -> dict[str, list[str]]:
    contents = {status: one.get("content", {}) for status, one in operation["responses"].items()}
    problems = {status: one["application/problem+json"]["schema"] for status, one in contents.items() if status > "4"}
    return {status: one["allOf"][1]["properties"]["code"]["enum"] for status, one in problems.items() if "allOf" in one}


def test_only_what_is_described_is_told() -> None:
    assert {path: set(methods) for path, methods in PATHS.items()} == {
        "/flowers": {"get", "post"},
        "/flowers/{number}/pictures/{name}": {"get", "put"},
        "/flowers/{number}": {"post"},
    }


def test_a_body_and_an_answer_are_told_by_their_types_with_an_example_and_the_docstring() -> None:
    told = PATHS["/flowers"]["post"]
    schema = {"$ref": "#/components/schemas/Flower"}
    assert told["summary"] == "Plant"
    assert told["description"] == "In the order in which they come."
    assert told["operationId"] == "post_flowers"
    assert told["requestBody"]["content"] == {"application/json": {"schema": schema, "example": {"name": "rose"}}}
    assert told["responses"]["201"]["content"] == {"application/json": {"schema": schema}}


def test_a_body_that_may_be_left_out_is_told_as_such_and_what_its_fields_are_together() -> None:
    part = contract_of([route("/paint", POST=paint), *ROUTES], REFUSALS)
    assert part.paths["/paint"]["post"]["requestBody"]["required"] is False
    assert part.paths["/flowers"]["post"]["requestBody"]["required"] is True
    assert part.schemas["Painted"].items() >= ONE_COLOR.items()
    assert "not" not in part.schemas["Flower"]


def test_refusals_are_told_by_status_and_code_with_those_that_follow_from_the_rest() -> None:
    assert codes(PATHS["/flowers"]["post"]) == {
        "400": ["malformed"],
        "401": ["unauthenticated"],
        "404": ["no_such_flower"],
        "409": ["withered"],
        "413": ["body_too_large"],
        "422": ["invalid"],
    }
    assert codes(PATHS["/flowers"]["get"]) == {"422": ["invalid"]}
    assert all("default" in one["responses"] for methods in PATHS.values() for one in methods.values())


def test_a_refusal_without_a_row_is_a_mistake() -> None:
    with pytest.raises(StopIteration):
        contract_of(ROUTES, {})


def test_who_may_is_told() -> None:
    assert PATHS["/flowers"]["get"]["security"] == []
    assert PATHS["/flowers"]["post"]["security"] == [{"bearer": []}, {"cookie": []}]


def test_a_query_becomes_parameters_that_cannot_be_null() -> None:
    assert PATHS["/flowers"]["get"]["parameters"] == [
        {"name": "color", "in": "query", "required": True, "schema": {"type": "string"}},
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "description": "how many",
            "schema": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        },
        {"name": "after", "in": "query", "required": False, "schema": {"type": "string"}},
    ]


def test_a_list_leads_on() -> None:
    answer = PATHS["/flowers"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["type"] == "array"
    assert answer["headers"]["Link"]["description"] == 'RFC 8288: rel="prev", rel="next"'


def test_the_parts_of_a_path_are_parameters() -> None:
    assert PATHS["/flowers/{number}/pictures/{name}"]["get"]["parameters"] == [
        {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
        {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
    ]


def test_an_id_that_none_can_have_is_told_as_no_path() -> None:
    problem = PATHS["/flowers/{number}/pictures/{name}"]["get"]["responses"]["404"]
    schema = problem["content"]["application/problem+json"]["schema"]
    assert "not_found" in schema["allOf"][1]["properties"]["code"]["enum"]


def test_what_a_part_of_a_path_has_to_look_like_is_told() -> None:
    told = contract_of([route("/beds/{bed:bed}", GET=read_bed)], {}).paths["/beds/{bed}"]["get"]
    assert told["parameters"][0]["schema"] == {"type": "string", "pattern": "^[NS][0-9]$"}
    assert codes(told)["404"] == ["not_found"]


def test_pictures_files_forms_and_nothing_are_told() -> None:
    shown = PATHS["/flowers/{number}/pictures/{name}"]["get"]["responses"]
    assert shown["200"]["content"] == {"image/*": {"schema": {"type": "string", "format": "binary"}}}
    assert shown["304"] == {"description": "You have it."}
    sent = PATHS["/flowers/{number}/pictures/{name}"]["put"]["requestBody"]
    assert set(sent["content"]) == {"multipart/form-data"}
    changed = PATHS["/flowers/{number}"]["post"]
    assert set(changed["requestBody"]["content"]) == {"application/x-www-form-urlencoded"}  # one type, for generators
    assert changed["responses"]["404"]["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"] == {
        "code": {"enum": ["not_found"]}
    }
    assert changed["responses"]["204"] == {"description": "No Content"}


async def test_a_service_serves_its_part_with_the_limits_of_its_settings() -> None:
    def limits(_: Request[Any]) -> Limits:
        return {
            (Flower, "color"): {"maxLength": 7},
            (FlowersQuery, "limit"): {"maximum": 8},
        }

    app = Starlette(routes=[*ROUTES, *contract.routes(ROUTES, REFUSALS, limits), *contract.routes([], {})])
    async with client_of(app) as client:
        answer = await client.get("/internal/contract")
    part = msgspec.json.decode(answer.content, type=contract.Contract)
    assert part.schemas["Flower"]["properties"]["color"]["anyOf"][0] == {"type": "string", "maxLength": 7}
    limit = next(one for one in part.paths["/flowers"]["get"]["parameters"] if one["name"] == "limit")
    assert limit["schema"]["maximum"] == 8


def test_described_endpoints_stay_what_they_were() -> None:
    assert plant.__name__ == "plant"
    assert contract_of(ROUTES, REFUSALS) == contract_of(ROUTES, REFUSALS)


@pytest.mark.parametrize(
    "if_none_match, known",
    [("", False), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_a_tag_is_known_whether_weak_or_in_a_list(if_none_match: str, known: bool) -> None:
    assert is_known(if_none_match, '"a"') is known
