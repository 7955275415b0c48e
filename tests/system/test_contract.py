"""The contract of the running whole."""

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.system.parleys import Parley


async def test_the_running_services_tell_one_valid_contract(shared: Parley) -> None:
    answer = await shared.http.get("/openapi.json")
    content = answer.json()
    OpenAPIV31SpecValidator(content).validate()
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
