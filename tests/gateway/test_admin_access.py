"""Who sees the pages of owners and moderators, and whose forms do something."""

import pytest

from tests.gateway.admin_script import FOR_MODERATORS, FOR_OWNERS, FORMS, of_ada, script
from tests.gateway.gateways import System, code
from tests.gateway.pages import assert_page
from tests.gateway.scripted import STRANGE_ORIGINS, Told, assert_led_to


@pytest.mark.parametrize("path", FOR_MODERATORS + FOR_OWNERS)
async def test_owners_see_every_page(whole: System, path: str) -> None:
    script(whole)
    assert_page(await whole.http.get(path, headers=of_ada(whole)))


@pytest.mark.parametrize("path", FOR_MODERATORS)
async def test_moderators_see_what_they_may(whole: System, path: str) -> None:
    script(whole, "moderator")
    page = await whole.http.get(path, headers=of_ada(whole))
    assert_page(page)
    assert 'href="/admin/instance"' not in page.text
    assert "/role" not in page.text
    assert "/reset-link" not in page.text


@pytest.mark.parametrize("path", FOR_OWNERS)
async def test_moderators_do_not_see_what_is_for_owners(whole: System, path: str) -> None:
    script(whole, "moderator")
    assert_page(await whole.http.get(path, headers=of_ada(whole)), 403)


@pytest.mark.parametrize("path", [*FOR_MODERATORS, *FOR_OWNERS, "/invitations"])
async def test_members_see_none_of_it(whole: System, path: str) -> None:
    script(whole, "member")
    page = await whole.http.get(path, headers=of_ada(whole))
    assert_page(page, 403)
    assert "Your role does not allow this." in page.text


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_of_who_may_not_is_refused(whole: System, path: str) -> None:
    script(whole, "member")
    assert_page(await whole.http.post(path, data=FORMS[path], headers=of_ada(whole)), 403)


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", STRANGE_ORIGINS)
async def test_a_form_of_another_site_does_nothing(whole: System, path: str, origin: dict[str, str]) -> None:
    told = script(whole)
    answer = await whole.http.post(path, data=FORMS[path], headers={**whole.cookie(), **origin})
    assert code(answer) == (403, "cross_origin")
    assert told.changes == []


@pytest.mark.parametrize("path", [*FOR_MODERATORS, *FOR_OWNERS, "/invitations"])
async def test_who_is_not_signed_in_signs_in_first(whole: System, path: str) -> None:
    assert_led_to(await whole.http.get(path), f"/sign-in?next={path}")
    assert whole.requests == {}


async def test_only_who_runs_the_instance_has_a_link_to_these_pages(whole: System) -> None:
    for role, has_link in (("owner", True), ("moderator", True), ("member", False)):
        script(whole, role)
        assert ('href="/admin"' in (await whole.http.get("/", headers=of_ada(whole))).text) is has_link


async def test_while_nobody_says_who_one_is_the_pages_are_away_and_not_forbidden(whole: System) -> None:
    script(whole, **{"GET_user-profile": Told([], 500)})
    assert_page(await whole.http.get("/admin", headers=of_ada(whole)), 503)
