"""The page of a person, without scripts."""

from collections.abc import Sequence

from bs4 import BeautifulSoup

from tests.gateway.admin_script import of_ada
from tests.gateway.gateways import System
from tests.gateway.pages import MARKUP, assert_page
from tests.gateway.scripted import Script, refusal


def script(whole: System, rooms: Sequence[str] = (), **grace: object) -> Script:
    member = {"username": "grace", "role": "moderator", "online": True}
    return Script(
        whole,
        {
            "GET /api/user-profile": {"username": "ada", "nickname": "Ada", "pfp": "", "role": "member"},
            "GET /api/rooms": [{"name": name, "is_member": True} for name in rooms],
            "GET /api/search-user/grace": {"username": "grace", "nickname": "Grace", "pfp": "", **grace},
            "GET /api/search-user/ada": {"username": "ada", "nickname": "Ada", "pfp": ""},
            "GET /api/search-user/nobody": refusal(404, "unknown_user"),
            "GET /api/rooms/garden/members": {"members_count": 1, "online_count": 1, "members": [member]},
        },
    )


async def get(whole: System, path: str) -> str:
    page = await whole.http.get(path, headers=of_ada(whole))
    assert_page(page)
    return page.text


async def test_a_person_has_a_page_with_what_they_say_of_themselves(whole: System) -> None:
    script(whole, status=f"Chasing {MARKUP}", role="owner")
    page = await get(whole, "/people/grace")
    assert 'href="/chat/grace"' in page
    assert "Owner of this server" in page
    assert "&lt;" in page
    assert MARKUP not in page
    assert 'class="face" data-online' not in page  # who is no contact tells nobody


async def test_in_a_room_it_says_what_they_are_there_and_whether_they_are_here(whole: System) -> None:
    asked = script(whole)
    page = await get(whole, "/people/grace?room=garden")
    assert "Moderator of the room" in page
    assert 'data-online="true"' in page
    assert [one.target for one in asked.asked("GET /api/rooms/garden/members")] == [
        "/api/rooms/garden/members?usernames=grace"  # however many others are called so
    ]


async def test_it_names_the_rooms_that_both_are_in(whole: System) -> None:
    asked = script(whole, rooms=[f"room-{number}" for number in range(21)])
    card = BeautifulSoup(await get(whole, "/people/grace"), "html.parser").select_one(".in-common")
    assert card is not None
    assert [one["href"] for one in card.select("a")] == [f"/rooms/room-{number}" for number in range(20)]
    assert card.get_text().startswith("In common: #room-0, #room-1,")
    assert card.get_text().endswith("#room-19 …")
    assert "/api/rooms?shared_with=grace&limit=21" in [one.target for one in asked.asked("GET /api/rooms")]


async def test_ones_own_leads_to_the_settings(whole: System) -> None:
    script(whole, rooms=["garden"])
    page = await get(whole, "/people/ada")
    assert "in-common" not in page
    assert 'class="button primary" href="/settings"' in page
    assert 'href="/chat/ada"' not in page


async def test_nobody_has_no_page(whole: System) -> None:
    script(whole)
    assert (await whole.http.get("/people/nobody", headers=of_ada(whole))).status_code == 404
