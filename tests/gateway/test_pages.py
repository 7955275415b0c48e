"""Pages for a browser that runs no scripts: the first one, those of rooms, and those that could not be made."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from tests.gateway.gateways import Clock, System, code, system
from tests.gateway.pages import BROWSER, FIRST_PAGE, MARKUP, answering, assert_page, sign_in, telling
from tests.gateway.stand_ins import Exchange, Handler


@pytest.mark.parametrize("choice,may_go", [("proxy", False), ("off", False), ("direct", True)])
async def test_pages_load_pictures_of_other_hosts_only_where_that_was_chosen(choice: str, *, may_go: bool) -> None:
    async with system(remote_avatars=choice) as chosen:
        policy = (await chosen.http.get("/sign-in", headers=BROWSER)).headers["content-security-policy"]
    (sources,) = re.findall(r"img-src ([^;]*)", policy)
    assert sources.split() == ["'self'", *(["https:", "http:"] if may_go else [])]


async def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(whole: System) -> None:
    answer = await whole.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    stale = await whole.http.get("/", headers={"Cookie": "access_token=none"})
    assert stale.headers["location"] == "/sign-in"
    wanted = await whole.http.get("/chat/grace?before=7")
    assert wanted.headers["location"] == "/sign-in?next=/chat/grace%3Fbefore%3D7"
    assert whole.requests == {}


async def test_what_was_done_is_told_once_and_not_to_a_script_that_looks_for_what_has_changed(whole: System) -> None:
    headers = {"Cookie": "notice=saved"}
    looking = await whole.http.get("/sign-in", headers={**headers, "X-Background": "1"})
    assert ("Saved." in looking.text, "set-cookie" in looking.headers) == (False, False)
    reading = await whole.http.get("/sign-in", headers=headers)
    assert "Saved." in reading.text
    assert 'notice=""' in reading.headers["set-cookie"]


@pytest.mark.parametrize("page", ["/sign-in", "/sign-up"])
async def test_the_forms_are_pages(whole: System, page: str) -> None:
    answer = await whole.http.get(page)
    assert_page(answer)
    assert f'method="post" action="{page}"' in answer.text


async def test_the_first_page_shows_the_chats_as_text(whole: System) -> None:
    chat = {"chat_username": "grace", "chat_nickname": f"Grace {MARKUP}", "last_message": f"{MARKUP} <b>hi</b>"}
    chat["last_message_time"] = "2026-11-22T19:56:02.859Z"
    whole.chat.handler = telling({**FIRST_PAGE, "/api/saved-chats": [chat]})
    answer = await whole.http.get("/", headers=whole.cookie())
    assert_page(answer)
    assert "ada" in answer.text
    assert "Grace &lt;script&gt;" in answer.text
    assert "&lt;b&gt;hi" in answer.text
    asked = {"/api/saved-chats", "/api/rooms", "/api/mentions?limit=50"}
    assert {request.target for request in whole.chat.requests} == asked
    assert whole.chat.last.header("authorization") == whole.bearer()["Authorization"]


async def test_services_are_told_by_which_host_a_page_was_reached(whole: System) -> None:
    """Auth takes no address of ours for a person's picture, and has to know which are ours."""
    headers = {**whole.cookie(), "Host": "parley.example:8443", "X-Forwarded-Host": "evil.example"}
    await whole.http.post("/settings", data={"avatar_url": "https://parley.example/x"}, headers=headers)
    asked = [request for request in whole.auth.requests if request.target == "/api/update-avatar"]
    assert [request.header("x-forwarded-host") for request in asked] == ["parley.example:8443"]


@pytest.mark.parametrize("content", [{"detail": "oops"}, "<oops>"])
async def test_a_page_that_cannot_be_made_says_so(whole: System, content: object) -> None:
    whole.chat.handler = answering(500, content)
    assert_page(await whole.http.get("/", headers=whole.cookie()), 503)


async def test_pages_that_need_a_service_that_is_away_say_so() -> None:
    async with system() as whole:
        whole.chat.handler = telling(FIRST_PAGE)
        assert (await whole.http.get("/", headers=whole.cookie())).status_code == 200
        await whole.chat.stop()
        away = await whole.http.get("/", headers=whole.cookie())
        assert_page(away, 503)
        assert away.headers["retry-after"] == "1"
        await whole.auth.stop()
        assert_page(await sign_in(whole), 503)
        assert (await whole.http.get("/sign-in")).status_code == 200


async def test_an_unknown_path_is_a_page_for_a_browser_and_a_problem_for_a_program(whole: System) -> None:
    assert_page(await whole.http.get("/nothing", headers=BROWSER), 404)
    assert code(await whole.http.get("/nothing")) == (404, "not_found")
    refused = await whole.http.post("/sign-in", headers={**BROWSER, "Origin": "http://evil.test"})
    assert_page(refused, 403)


async def test_a_fault_of_ours_is_a_problem_answer() -> None:
    clock = Clock()
    async with system(clock) as whole:
        clock.is_broken = True
        for path in ("/", "/api/rooms"):
            answer = await whole.http.get(path, headers=whole.cookie())
            assert code(answer) == (500, "internal_error")
            assert "mistake" not in answer.text
        page = await whole.http.get("/", headers={**whole.cookie(), **BROWSER})
        assert_page(page, 500)
        assert "mistake" not in page.text


# Rooms


def room(name: str, **fields: object) -> dict[str, object]:
    return {"name": name, "topic": "", "members_count": 1, **fields}


def paging(rooms: list[dict[str, object]], link: str) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.read_body()
        if exchange.request.path == "/api/rooms":
            await exchange.reply(200, json.dumps(rooms).encode(), Link=link)
        else:
            await exchange.reply_json([])

    return answer


async def test_the_page_of_rooms_searches_and_leads_on(whole: System) -> None:
    link = '</api/rooms?query=a+b&after=2027%2C7&limit=100>; rel="next"'
    whole.chat.handler = paging([room("garden", is_member=True, private=True), room("open", topic=MARKUP)], link)
    answer = await whole.http.get("/rooms?query=a+b&after=x", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    assert MARKUP not in answer.text
    assert 'href="/rooms?query=a+b&amp;after=2027%2C7"' in answer.text
    signs = BeautifulSoup(answer.text, "html.parser").select(".cards .avatar")
    assert [sign["data-icon"] for sign in signs] == ["lock", "room"]
    assert 'action="/rooms/open/join"' in answer.text
    assert 'action="/rooms/garden/join"' not in answer.text
    asked = {request.target for request in whole.chat.requests}
    assert "/api/rooms?query=a+b&after=x" in asked


async def test_the_page_of_rooms_says_why_it_is_empty(whole: System) -> None:
    whole.chat.handler = telling(FIRST_PAGE)
    answer = await whole.http.get("/rooms?query=nowhere", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    assert "No room that you may know of" in answer.text


async def test_home_leads_to_all_rooms_also_where_its_own_fill_the_first_page(whole: System) -> None:
    own = [room(f"r{number}", is_member=True) for number in range(100)]
    whole.chat.handler = telling({**FIRST_PAGE, "/api/rooms": own})
    answer = await whole.http.get("/", headers={**BROWSER, **whole.cookie()})
    assert 'href="/rooms"' in answer.text
    assert "You are in all of them" not in answer.text


async def test_the_room_that_is_shown_is_in_the_list_however_long_nothing_was_said_there(whole: System) -> None:
    own = [room(f"r{number}", is_member=True) for number in range(100)]
    quiet = room("quiet", is_member=True, members=["ada"])
    whole.chat.handler = telling(
        {**FIRST_PAGE, "/api/rooms": own, "/api/rooms/quiet": quiet, "/api/rooms/quiet/messages": []}
    )
    answer = await whole.http.get("/rooms/quiet", headers={**BROWSER, **whole.cookie()})
    assert answer.status_code == 200
    assert re.search(r'<li data-conversation="#quiet"[^>]*>\s*<a href="/rooms/quiet" aria-current="page">', answer.text)
