"""The contract of the running whole."""

from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from tests.system.parleys import Parley
from tests.whole_contract import DOCUMENT

LIMITS = {"maxLength", "minLength", "maximum", "minimum", "pattern"}  # which a running service has from its settings


def without_limits(value: Any) -> Any:
    if isinstance(value, list):
        return [without_limits(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: without_limits(one) for key, one in value.items() if key not in LIMITS}


async def test_the_running_services_tell_one_valid_contract(shared: Parley) -> None:
    """What tests/docs finds valid, which takes too long for a machine with more to do, and limits that are valid."""
    answer = await shared.http.get("/openapi.json")
    content = answer.json()
    assert without_limits(content) == without_limits(msgspec.json.decode(msgspec.json.encode(DOCUMENT)))
    operations = [operation for path in content["paths"].values() for operation in path.values()]
    parameters = [one["schema"] for operation in operations for one in operation.get("parameters", ())]
    for schema in (*content["components"]["schemas"].values(), *parameters):
        Draft202012Validator.check_schema(schema)
    assert "x-missing" not in content
    assert {"/api/register", "/api/rooms", "/api/files"} <= content["paths"].keys()
    text = content["components"]["schemas"]["NewMessage"]["properties"]["message"]
    assert text["maxLength"] == 4000


async def test_a_person_can_read_it(shared: Parley) -> None:
    answer = await shared.http.get("/docs")
    assert answer.status_code == 200
    assert "<code>GET /api/files/{file_id}</code>" in answer.text


async def test_the_parts_are_not_for_clients(shared: Parley) -> None:
    assert (await shared.http.get("/internal/contract")).status_code == 404
