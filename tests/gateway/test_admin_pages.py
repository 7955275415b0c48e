"""What the pages of owners and moderators show, and what their forms do, without scripts."""

import pytest

from auth_service.domain import moderation as auth
from chat_service.domain import moderation as chat
from tests.gateway.admin_script import FOR_OWNERS, invitation, of_ada, report, script, somebody
from tests.gateway.gateways import System
from tests.gateway.pages import MARKUP, assert_page
from tests.gateway.scripted import LATER, Told, assert_led_to, invalid, refusal

# The instance


async def test_the_instance_is_changed_and_the_next_page_says_so(whole: System) -> None:
    told = script(whole)
    form = {"name": " The Society ", "description": "Two\r\nlines", "registration": "invitation"}
    answer = await whole.http.post("/admin/instance", data=form, headers=of_ada(whole))
    assert_led_to(answer, "/admin/instance")
    wanted = {**form, "description": "Two\nlines", "members_may_invite": False}
    assert told.sent("PATCH /api/admin/instance") == wanted
    await whole.http.post("/admin/welcome", data={**form, "members_may_invite": "on"}, headers=of_ada(whole))
    assert b'"members_may_invite":true' in told.asked("PATCH /api/admin/instance")[-1].body


@pytest.mark.parametrize("path", FOR_OWNERS)
async def test_what_is_wrong_with_the_instance_is_told_beside_the_field(whole: System, path: str) -> None:
    wrong = invalid("name", "Expected the length to be 1 to 64, got 99.")
    script(whole, **{"PATCH_admin/instance": wrong})
    form = {"name": f"Long {MARKUP}", "description": "Kept", "registration": "closed", "members_may_invite": "on"}
    page = await whole.http.post(path, data=form, headers=of_ada(whole))
    assert_page(page, 422)
    assert 'id="name-error">Between 1 and 64' in page.text
    assert "Long &lt;script&gt;" in page.text
    assert ">Kept</textarea>" in page.text
    assert 'value="closed" checked' in page.text
    assert 'name="members_may_invite" checked' in page.text


async def test_an_owners_first_steps_show_the_invitation_to_send(whole: System) -> None:
    script(whole, GET_invitations=[invitation(3, good=False), invitation(2, username="linus"), invitation(1)])
    page = await whole.http.get("/admin/welcome", headers=of_ada(whole))
    assert 'value="http://h/invite/code-1"' in page.text
    assert 'src="/api/invitations/code-1/qr.svg"' in page.text


# People


async def test_people_are_looked_for_and_the_list_leads_on(whole: System) -> None:
    link = '</api/admin/users?query=gr&role=member&limit=50&after=grace2>; rel="next"'
    people = [somebody("grace", state="banned"), somebody("grace2", nickname=MARKUP)]
    told = script(whole, **{"GET_admin/users": Told(people, link=link)})
    query = "query=gr&role=member&state=nonsense&after=a"
    page = await whole.http.get(f"/admin/people?{query}", headers=of_ada(whole))
    assert_page(page)
    assert MARKUP not in page.text
    assert 'href="/admin/people/grace"' in page.text
    assert "Banned</span>" in page.text
    assert 'href="/admin/people?query=gr&amp;role=member&amp;after=grace2"' in page.text
    assert 'value="member" selected' in page.text
    (asked,) = told.asked("GET /api/admin/users")
    assert asked.target == "/api/admin/users?query=gr&role=member&after=a&limit=50"


async def test_nobody_found_is_said(whole: System) -> None:
    script(whole, **{"GET_admin/users": [], "GET_admin/users/grace": refusal(404, "unknown_user")})
    assert "Nobody like that." in (await whole.http.get("/admin/people?query=x", headers=of_ada(whole))).text
    assert_page(await whole.http.get("/admin/people/grace", headers=of_ada(whole)), 404)


@pytest.mark.parametrize("role, theirs, may", [("owner", "moderator", True), ("owner", "owner", False)])
@pytest.mark.parametrize("state", ["active", "banned"])
async def test_a_ban_is_offered_for_who_is_below(
    whole: System, role: str, theirs: str, state: str, *, may: bool
) -> None:
    script(whole, role, **{"GET_admin/users/Grace": somebody("grace", role=theirs, state=state)})
    page = await whole.http.get("/admin/people/Grace", headers=of_ada(whole))
    assert ('action="/admin/people/grace/ban"' in page.text) is may
    assert ('action="/admin/people/grace/end-ban"' in page.text) is (may and state == "banned")
    assert ('action="/admin/people/grace/reset-link"' in page.text) is (state == "active")


@pytest.mark.parametrize("kept, shown", [(1_400_000, "1.4\N{NO-BREAK SPACE}MB"), (None, "")])
async def test_how_much_somebody_keeps_is_shown_where_it_is_known(whole: System, kept: int | None, shown: str) -> None:
    grace = somebody("grace", stored_bytes=kept)
    script(whole, **{"GET_admin/users/grace": grace, "GET_admin/users": [grace]})
    for path in ("/admin/people/grace", "/admin/people"):
        page = await whole.http.get(path, headers=of_ada(whole))
        assert ("MB" in page.text) is bool(shown)
        assert shown in page.text


@pytest.mark.parametrize("ticked", [{}, {"erase_messages": "on"}])
async def test_a_ban_has_a_reason_and_perhaps_erases(whole: System, ticked: dict[str, str]) -> None:
    told = script(whole)
    form = {"reason": "spam", **ticked}
    assert_led_to(
        await whole.http.post("/admin/people/grace/ban", data=form, headers=of_ada(whole)), "/admin/people/grace"
    )
    assert told.sent("PUT /api/admin/users/grace/ban") == {"reason": "spam", "erase_messages": bool(ticked)}


async def test_a_ban_that_is_refused_keeps_what_was_typed(whole: System) -> None:
    refused = invalid("reason", "Expected `str` of length <= 500 - at `$.reason`")
    script(whole, **{"PUT_admin/users/grace/ban": refused})
    form = {"reason": f"Long {MARKUP}", "erase_messages": "on"}
    page = await whole.http.post("/admin/people/grace/ban", data=form, headers=of_ada(whole))
    assert_page(page, 422)
    assert 'id="reason-error">At most 500' in page.text
    assert "Long &lt;script&gt;" in page.text
    assert 'name="erase_messages" checked' in page.text


async def test_bans_end_and_roles_change(whole: System) -> None:
    told = script(whole)
    for path, form in (("end-ban", {}), ("role", {"role": "moderator"})):
        answer = await whole.http.post(f"/admin/people/grace/{path}", data=form, headers=of_ada(whole))
        assert_led_to(answer, "/admin/people/grace")
    assert told.sent("PUT /api/admin/users/grace/role") == {"role": "moderator"}
    assert told.changes == ["DELETE /api/admin/users/grace/ban", "PUT /api/admin/users/grace/role"]


async def test_the_last_owner_stays_and_the_page_says_why(whole: System) -> None:
    script(whole, **{"PUT_admin/users/grace/role": refusal(409, "last_owner")})
    page = await whole.http.post("/admin/people/grace/role", data={"role": "member"}, headers=of_ada(whole))
    assert_page(page, 409)
    assert "There has to be an owner" in page.text


async def test_a_reset_link_is_shown_once_and_never_compressed(whole: System) -> None:
    script(whole)
    page = await whole.http.post("/admin/people/grace/reset-link", headers=of_ada(whole))
    assert_page(page)
    assert 'value="http://h/reset/secret"' in page.text
    assert "content-encoding" not in page.headers
    assert "secret" not in (await whole.http.get("/admin/people/grace", headers=of_ada(whole))).text


# Invitations


@pytest.mark.parametrize("path", ["/admin/invitations", "/invitations"])
async def test_invitations_are_made_shown_and_ended(whole: System, path: str) -> None:
    told = script(whole, GET_invitations=[invitation(2, good=False), invitation(1)], POST_invitations=Told({}, 201))
    page = await whole.http.get(path, headers=of_ada(whole))
    assert_page(page)
    assert 'src="/api/invitations/code-1/qr.svg"' in page.text
    assert "code-2" not in page.text
    form = {"expires_in_s": "86400", "uses_max": "5", "room": "garden"}
    assert_led_to(await whole.http.post(path, data=form, headers=of_ada(whole)), path)
    assert told.sent("POST /api/invitations") == {"expires_in_s": 86400, "uses_max": 5, "room": "garden"}
    ending = await whole.http.post(f"{path}/end", data={"code": "code-1"}, headers=of_ada(whole))
    assert_led_to(ending, path)
    assert told.changes[-1] == "DELETE /api/invitations/code-1"


@pytest.mark.parametrize(
    "typed, sent, refused, said",
    [
        ("many", "many", "Expected `int`, got `str`", "A whole number"),
        ("0", 0, "Expected `int` >= 1", "1 is the least."),
        ("9" * 5_000, 10**18, "Expected `int` <= 10000", "10000 is the most."),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_told_beside_the_field(
    whole: System, typed: str, sent: int | str, refused: str, said: str
) -> None:
    told = script(whole, POST_invitations=invalid("uses_max", f"{refused} - at `$.uses_max`"))
    form = {"uses_max": typed, "expires_in_s": "3600"}
    page = await whole.http.post("/admin/invitations", data=form, headers=of_ada(whole))
    assert_page(page, 422)
    assert told.sent("POST /api/invitations")["uses_max"] == sent
    assert f'id="uses_max-error">{said}' in page.text
    assert f'value="{typed}"' in page.text
    assert 'value="3600" selected' in page.text


@pytest.mark.parametrize("typed", ["../admin/users/ada/ban", "", "a/b?c#d"])
async def test_a_code_of_a_form_leads_to_no_other_path(whole: System, typed: str) -> None:
    told = script(whole)
    await whole.http.post("/admin/invitations/end", data={"code": typed}, headers=of_ada(whole))
    (path,) = told.changes
    assert path.startswith("DELETE /api/invitations/")
    assert path.count("/") == 3


async def test_members_invite_where_they_may(whole: System) -> None:
    script(whole, "member", POST_invitations=Told({}, 201))
    whole.issuer.instance["members_may_invite"] = True
    page = await whole.http.get("/invitations", headers=of_ada(whole))
    assert_page(page)
    assert "/admin" not in page.text
    assert 'href="/invitations"' in (await whole.http.get("/", headers=of_ada(whole))).text
    assert_led_to(await whole.http.post("/invitations", headers=of_ada(whole)), "/invitations")
    assert_page(await whole.http.get("/admin/invitations", headers=of_ada(whole)), 403)


# Reports


async def test_reports_that_wait_come_first_and_what_became_of_others_is_told(whole: System) -> None:
    handled = report(6, state="dismissed", note=f"Joke {MARKUP}", handled_by="grace", handled_at=LATER)
    told = script(whole, **{"GET_admin/reports": [report(7, room="garden"), handled]})
    page = await whole.http.get("/admin/reports", headers=of_ada(whole))
    assert_page(page)
    assert page.text.index("Rude 7") < page.text.index("What became of others") < page.text.index("Joke")
    assert MARKUP not in page.text
    assert {one.target for one in told.asked("GET /api/admin/reports")} == {
        "/api/admin/reports?state=open&limit=50",
        "/api/admin/reports?limit=50",
    }
    assert "reports wait" in (await whole.http.get("/admin", headers=of_ada(whole))).text


async def test_what_became_of_a_report_is_noted(whole: System) -> None:
    told = script(whole)
    form = {"id": "7", "state": "resolved", "note": " told them "}
    assert_led_to(await whole.http.post("/admin/reports", data=form, headers=of_ada(whole)), "/admin/reports")
    assert told.sent("PATCH /api/admin/reports") == {"id": 7, "state": "resolved", "note": "told them"}


async def test_a_note_that_is_refused_is_kept_beside_its_report(whole: System) -> None:
    wrong = invalid("note", "Expected `str` of length <= 1000 - at `$.note`")
    script(whole, **{"GET_admin/reports": [report(7), report(8)], "PATCH_admin/reports": wrong})
    form = {"id": "8", "state": "resolved", "note": f"Long {MARKUP}"}
    page = await whole.http.post("/admin/reports", data=form, headers=of_ada(whole))
    assert_page(page, 422)
    assert page.text.count("At most 1000 characters") == 1
    assert page.text.index("Rude 8") < page.text.index("Long &lt;script&gt;")


@pytest.mark.parametrize("number", ["", "x", "9" * 19, "-1"])
async def test_a_report_of_no_number_is_none(whole: System, number: str) -> None:
    told = script(whole, **{"PATCH_admin/reports": refusal(404, "unknown_report")})
    form = {"id": number, "state": "resolved"}
    page = await whole.http.post("/admin/reports", data=form, headers=of_ada(whole))
    assert_page(page, 404)
    assert "This report is not there any more." in page.text
    assert told.sent("PATCH /api/admin/reports")["id"] == 0


# The audit


async def test_the_audit_says_what_was_done_and_leads_on(whole: System) -> None:
    entries = [
        {
            "number": 9,
            "at": LATER,
            "act": "ban",
            "actor": "ada",
            "target": "linus",
            "detail": MARKUP,
            "address": "1.2.3.4",
        },
        {"number": 8, "at": LATER, "act": "reset_link", "actor": None, "target": "grace", "detail": ""},
        {"number": 7, "at": LATER, "act": "something_new", "actor": "ada", "target": None, "detail": ""},
    ]
    link = '</api/admin/audit?before=7&limit=50>; rel="next"'
    script(whole, **{"GET_admin/audit": Told(entries, link=link)})
    page = await whole.http.get("/admin/audit?before=10", headers=of_ada(whole))
    assert_page(page)
    assert "ada banned linus" in page.text
    assert "1.2.3.4" in page.text
    assert "Somebody at the machine made a link for grace" in page.text
    assert "ada: something_new" in page.text
    assert MARKUP not in page.text
    assert 'href="/admin/audit?before=7"' in page.text


@pytest.mark.parametrize("act", [*auth.Act, *chat.Act])
async def test_every_act_that_a_service_notes_has_a_sentence(whole: System, act: str) -> None:
    entry = {"number": 9, "at": LATER, "act": act, "actor": "ada", "target": "linus", "detail": ""}
    script(whole, **{"GET_admin/audit": [entry]})
    page = await whole.http.get("/admin/audit", headers=of_ada(whole))
    assert f"ada: {act}" not in page.text
    assert 'class="what"' in page.text
