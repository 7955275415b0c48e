"""Profiles: who is found by what, and which nicknames and pictures are accepted."""

import pytest
from msgspec import structs

from auth_service.settings import AuthSettings
from tests.auth_service.people import Auth, Person, fields, serving
from tests.clock import Clock
from tests.problems import code


async def found(person: Person, path: str = "/api/users", **query: str | int) -> list[str]:
    response = await person.get(path, params=query)
    return [row["username"] for row in response.json()]


async def test_anyone_finds_a_profile_by_username_in_any_case(auth: Auth) -> None:
    await auth.register("Grace", email="grace@example.org")
    response = await auth.http.get("/api/search-user/gRACE")
    assert response.json() == {"username": "Grace", "nickname": "Grace", "pfp": "", "role": "member", "status": ""}


@pytest.mark.parametrize("username", ["nobody", "%00", "%FF", "gr%25", "x" * 5_000])
async def test_a_username_that_nobody_has_is_unknown(asked: Auth, asker: Person, username: str) -> None:
    assert code(await asked.http.get(f"/api/search-user/{username}")) == (404, "unknown_user")


async def test_people_are_found_by_the_start_of_username_or_nickname_in_any_case(auth: Auth) -> None:
    linus = await auth.person("linus")
    await linus.post("/api/update-nickname", data={"nickname": "Älva"})
    for username in ("Albert", "alice", "bob", "real"):
        await auth.register(username)
    assert await found(linus, query="AL") == ["Albert", "alice"]
    assert await found(linus, query="äL") == ["linus"]
    assert await found(linus, query="lva") == []


async def test_people_are_found_by_any_part_of_username_or_nickname(auth: Auth) -> None:
    linus = await auth.person("linus")
    await linus.post("/api/update-nickname", data={"nickname": "Élva 50%"})
    for username in ("Malva", "alva_b", "grace"):
        await auth.register(username)
    for part, expected in {
        "LVA": ["alva_b", "linus", "Malva"],
        "é": ["linus"],
        "_b": ["alva_b"],
        "0%": ["linus"],
    }.items():
        assert await found(linus, "/api/people", query=part) == expected
    first = await linus.get("/api/people", params={"query": "lva", "limit": 2})
    second = await linus.get(first.links["next"]["url"])
    assert [row["username"] for row in second.json()] == ["Malva"]
    assert code(await auth.http.get("/api/people?query=a")) == (401, "unauthenticated")


@pytest.mark.parametrize("path", ["/api/users", "/api/people"])
@pytest.mark.parametrize("query", ["%", "_", "a%", "*", "\\", "a_b%"])
async def test_no_character_of_a_query_is_a_wildcard(asker: Person, query: str, path: str) -> None:
    assert await found(asker, path, query=query) == []


async def test_what_looks_like_a_wildcard_is_found_as_itself(auth: Auth) -> None:
    ada = await auth.person("ada")
    for username in ("a_b", "axb"):
        await auth.register(username)
    assert await found(ada, query="a_") == ["a_b"]


async def test_a_long_list_links_to_its_next_page_and_the_last_one_does_not(auth: Auth) -> None:
    ada = await auth.person("ada")
    for number in range(3):
        await auth.register(f"user{number}")
    first = await ada.get("/api/users", params={"query": "user", "limit": 2})
    assert [row["username"] for row in first.json()] == ["user0", "user1"]
    second = await ada.get(first.links["next"]["url"])
    assert [row["username"] for row in second.json()] == ["user2"]
    assert "link" not in second.headers


@pytest.mark.parametrize("limit,accepted", [(0, False), (1, True), (50, True), (51, False), ("x", False)])
async def test_the_number_of_people_wanted_has_limits(asker: Person, limit: str, accepted: bool) -> None:
    response = await asker.get("/api/users", params={"query": "a", "limit": limit})
    assert response.is_success if accepted else fields(response) == ["limit"]


@pytest.mark.parametrize("query,accepted", [("", False), ("a" * 64, True), ("a" * 65, False), ("\0", False)])
async def test_a_query_has_limits(asker: Person, query: str, accepted: bool) -> None:
    response = await asker.get("/api/users", params={"query": query})
    assert response.is_success if accepted else fields(response) == ["query"]


async def test_a_query_is_needed(asker: Person) -> None:
    assert fields(await asker.get("/api/users")) == ["query"]


async def test_looking_for_people_needs_a_sign_in(asked: Auth) -> None:
    assert code(await asked.http.get("/api/users?query=a")) == (401, "unauthenticated")


async def test_a_person_sees_their_own_email_address_and_nobody_else_does(auth: Auth) -> None:
    await auth.register("ada", email="ada@example.org")
    ada = await auth.device("ada")
    profile = (await ada.get("/api/user-profile")).json()
    assert profile == {
        "id": 1,
        "username": "ada",
        "email": "ada@example.org",
        "nickname": "ada",
        "pfp": "",
        "role": "member",
        "status": "",
    }
    assert "ada@example.org" not in (await auth.http.get("/api/search-user/ada")).text


async def test_a_nickname_is_trimmed_and_composed(auth: Auth) -> None:
    ada = await auth.person("ada")
    response = await ada.post("/api/update-nickname", data={"nickname": "  A\u030anne 👩\u200d🚀 "})
    profile = {"username": "ada", "nickname": "Ånne 👩\u200d🚀", "pfp": "", "status": ""}
    assert response.json() == {"message": "Nickname updated", **profile}
    assert (await auth.http.get("/api/search-user/ada")).json() == {**profile, "role": "member"}


@pytest.mark.parametrize("query", ["cafe\u0301", "CAFÉ", "café "])
async def test_a_nickname_is_found_in_either_normal_form(auth: Auth, query: str) -> None:
    ada = await auth.person("ada")
    await ada.post("/api/update-nickname", data={"nickname": "Cafe\u0301 Straße"})
    assert await found(ada, query=query) == ["ada"]
    assert await found(ada, query="CAFÉ STRASSE") == ["ada"]


@pytest.mark.parametrize("nickname", ["x", "x" * 64, "محمد", "李", "Ada 'the' <b>"])
async def test_nicknames_within_the_limits_are_accepted(auth: Auth, nickname: str) -> None:
    ada = await auth.person("ada")
    assert (await ada.post("/api/update-nickname", data={"nickname": nickname})).is_success


@pytest.mark.parametrize(
    "nickname",
    [
        "",
        "   ",
        "x" * 65,
        "\u200b",
        "a\x00",
        "a\nb",
        "a\x1bb",
        "a\u2028b",
        "a\u202egrace",
        "a\ufffd",
        "\u2800",
        "\u3164\u200b",
        "a\x1b",
        "a\u2066b",
        "a\u0085b",
    ],
)
async def test_nicknames_outside_the_limits_are_refused(asker: Person, nickname: str) -> None:
    assert fields(await asker.post("/api/update-nickname", data={"nickname": nickname})) == ["nickname"]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/ada.png",
        "http://[2606:4700::1111]:8080/a?b=c#d",
        "HTTPS://exämple.org/ä",
        "/api/files/4bT_x-9",
        "/api/files/4bT_x-9/thumbnail?size=320",
        "https://example.org/" + "x" * 2028,
    ],
)
async def test_pictures_of_the_web_and_of_our_own_files_are_accepted(auth: Auth, url: str) -> None:
    ada = await auth.person("ada")
    response = await ada.post("/api/update-avatar", data={"avatar_url": url})
    assert response.json() == {
        "message": "Avatar updated",
        "username": "ada",
        "nickname": "ada",
        "pfp": url,
        "status": "",
    }


@pytest.mark.parametrize(
    "url",
    [
        "ada.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "ftp://example.org/a",
        "//example.org/a",
        "https://",
        "https:///a",
        "https://ada:secret@example.org/",
        "https://example.org/a b",
        "https://example.org\\@evil.org/",
        "https://[broken/",
        "https://example.org/\x00",
        "/api/files/",
        "/api/files/../logout",
        "/api/files/x/../../logout",
        "/logout",
        "https://example.org/" + "x" * 2029,
        "/api/video/streams/x/mjpeg",
        "/api/avatars/grace",
        "//parley.test/api/files/x",
        "http://parley.test/api/video/streams/x/mjpeg",
        "https://PARLEY.test.:8443/api/files/x",
        "http://127.0.0.1:8000/",
        "http://127.1/",
        "http://2130706433/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.168.0.1/a.png",
        "http://redis:6379/",
    ],
)
async def test_other_addresses_are_refused(asker: Person, url: str) -> None:
    assert fields(await asker.post("/api/update-avatar", data={"avatar_url": url})) == ["avatar_url"]


async def test_our_own_host_is_the_one_that_the_gateway_names(auth: Auth) -> None:
    ada = await auth.person("ada")
    form = {"avatar_url": "https://parley.example/api/video/streams/x/mjpeg"}
    refused = await ada.post("/api/update-avatar", data=form, headers={"X-Forwarded-Host": "parley.example:8443"})
    assert fields(refused) == ["avatar_url"]
    assert (await ada.post("/api/update-avatar", data=form)).status_code == 200  # another's


async def test_an_empty_address_takes_the_picture_away(auth: Auth) -> None:
    ada = await auth.person("ada")
    await ada.post("/api/update-avatar", data={"avatar_url": "/api/files/x"})
    response = await ada.post("/api/update-avatar", data={"avatar_url": ""})
    assert response.json()["pfp"] == ""


async def test_a_default_page_keeps_to_a_smaller_setting(settings: AuthSettings, clock: Clock) -> None:
    async with serving(structs.replace(settings, users_found_max=1), clock) as auth:
        ada = await auth.person("ada")
        await auth.register("adam")
        assert await found(ada, query="ad") == ["ada"]


async def test_what_changes_nothing_is_no_news(auth: Auth) -> None:
    grace = await auth.person("Grace")
    for path, form in (
        ("/api/update-nickname", {"nickname": "Amazing Grace"}),
        ("/api/update-avatar", {"avatar_url": "https://grace.example/face.png"}),
        ("/api/update-status", {"status": "Debugging"}),
    ):
        assert (await grace.post(path, data=form)).status_code == 200
        version = await latest_version(auth)
        again = await grace.post(path, data=form)
        assert (again.status_code, again.json()["nickname"]) == (200, "Amazing Grace")
        assert await latest_version(auth) == version


async def latest_version(auth: Auth) -> int:
    profiles = (await auth.http.get("/internal/profiles")).json()["profiles"]
    return int(max(profile["version"] for profile in profiles))


async def test_one_changes_ones_profile_so_often_an_hour_and_no_more(settings: AuthSettings, clock: Clock) -> None:
    async with serving(structs.replace(settings, profile_changes_per_hour=2), clock) as auth:
        grace, ada = await auth.person("Grace"), await auth.person("Ada")
        for status in ("one", "one", "one", "two"):  # the same again costs nothing
            assert (await grace.post("/api/update-status", data={"status": status})).status_code == 200
        refused = await grace.post("/api/update-nickname", data={"nickname": "three"})
        assert code(refused) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "1800"
        assert (await ada.post("/api/update-status", data={"status": "one"})).status_code == 200
