"""Bringing somebody into a room by a name, or a part of one."""

import httpx

from tests.gateway.admin_script import of_ada
from tests.gateway.gateways import System
from tests.gateway.scripted import Script, assert_led_to, refusal

GRACE = {"username": "grace", "nickname": "Grace Hopper", "pfp": ""}
ANOTHER = {"username": "another", "nickname": "Grace Kelly", "pfp": ""}


def script(whole: System, *found: dict[str, str], **more: object) -> Script:
    room = {"name": "garden", "owner": "ada", "is_member": True, "members_count": 1, "role": "owner"}
    return Script(
        whole,
        {
            "GET /api/user-profile": {"username": "ada", "nickname": "Ada", "pfp": ""},
            "GET /api/rooms/garden": {**room, "members": ["ada"], "roles": {"ada": "owner"}},
            "GET /api/people": list(found),
            **{f"PUT /api/rooms/garden/members/{name}": answer for name, answer in more.items()},
        },
    )


async def add(whole: System, name: str) -> httpx.Response:
    return await whole.http.post("/rooms/garden/members", data={"username": name}, headers=of_ada(whole))


async def test_who_is_called_so_alone_is_added(whole: System) -> None:
    told = script(whole, GRACE, **{"grace%20hopper": refusal(404, "unknown_recipient")})
    assert_led_to(await add(whole, "grace hopper"), "/rooms/garden")
    assert told.changes[-1] == "PUT /api/rooms/garden/members/grace"


async def test_by_a_part_of_a_name_one_chooses_whom_one_means(whole: System) -> None:
    told = script(whole, GRACE, ANOTHER, Grace=refusal(404, "unknown_recipient"))
    page = await add(whole, "Grace")
    assert page.status_code == 422
    assert "Whom do you mean?" in page.text
    assert [f'value="{name}" class="wide"' in page.text for name in ("grace", "another")] == [True, True]
    assert len(told.changes) == 1


async def test_nobody_is_called_so(whole: System) -> None:
    script(whole, nobody=refusal(404, "unknown_recipient"))
    page = await add(whole, "nobody")
    assert page.status_code == 404
    assert "There is nobody of that name." in page.text


async def test_any_other_refusal_is_told_as_it_is(whole: System) -> None:
    told = script(whole, GRACE, grace=refusal(403, "not_accepted"))
    page = await add(whole, "grace")
    assert page.status_code == 403
    assert "They take no messages" in page.text
    assert told.asked("GET /api/people") == []
