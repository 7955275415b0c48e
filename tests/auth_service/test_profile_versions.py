"""Profiles as other services read them: several at once, and on from a version."""

import pytest

from tests.auth_service.people import MEMBER, Auth, fields
from tests.problems import code


async def test_a_status_is_shown_wherever_the_profile_is_and_empty_for_none(auth: Auth) -> None:
    ada = await auth.person("ada")
    response = await ada.post("/api/update-status", data={"status": " Writing Note G "})
    profile = {"username": "ada", "nickname": "ada", "pfp": "", "status": "Writing Note G"}
    assert response.json() == {"message": "Status updated", **profile}
    for path in ("/api/search-user/ada", "/api/user-profile"):
        assert (await ada.get(path)).json()["status"] == "Writing Note G"
    for path in ("/api/users?query=ada", "/api/people?query=da", "/api/profiles?usernames=ADA"):
        assert (await ada.get(path)).json() == [{**profile, "role": "member"}]
    (followed,) = (await auth.http.get("/internal/profiles?after=1")).json()["profiles"]
    assert (followed["status"], followed["version"]) == ("Writing Note G", 2)
    assert (await ada.post("/api/update-status", data={"status": " "})).json()["status"] == ""


@pytest.mark.parametrize("status", ["x" * 101, "\u200bnot\u202eseen", "two\nlines", "\u200d"])
async def test_a_status_is_short_on_one_line_and_seen(auth: Auth, status: str) -> None:
    ada = await auth.person("ada")
    assert fields(await ada.post("/api/update-status", data={"status": status})) == ["status"]


async def test_several_profiles_are_read_at_once(auth: Auth) -> None:
    ada = await auth.person("ada")
    for username in ("Grace", "linus"):
        await auth.register(username)
    response = await ada.get("/api/profiles?usernames=linus,nobody,%20gRACE,linus,")
    assert [one["username"] for one in response.json()] == ["Grace", "linus"]
    assert code(await auth.http.get("/api/profiles?usernames=ada")) == (401, "unauthenticated")


@pytest.mark.parametrize("count,status", [(0, 422), (100, 200), (101, 422)])
async def test_so_many_profiles_are_read_at_once(auth: Auth, count: int, status: int) -> None:
    ada = await auth.person("ada")
    usernames = ",".join(f"user{number}" for number in range(count))
    assert (await ada.get(f"/api/profiles?usernames={usernames}")).status_code == status


async def test_every_change_of_a_profile_gets_the_next_version(auth: Auth) -> None:
    ada, grace = await auth.person("ada"), await auth.person("grace")
    await ada.post("/api/update-nickname", data={"nickname": "Countess"})
    await grace.post("/api/update-avatar", data={"avatar_url": "https://example.org/g.png"})
    everything = (await auth.http.get("/internal/profiles")).json()
    assert everything == {
        "profiles": [
            {"username": "ada", "nickname": "Countess", "pfp": "", "version": 3, **MEMBER},
            {"username": "grace", "nickname": "grace", "pfp": "https://example.org/g.png", "version": 4, **MEMBER},
        ],
        "version": 4,
        "store": everything["store"],
        "last": 4,
    }
    assert len(everything["store"]) == 32


async def test_profiles_are_read_on_from_a_version_in_pages(auth: Auth) -> None:
    for username in ("ada", "grace", "linus"):
        await auth.register(username)
    page = (await auth.http.get("/internal/profiles?after=1&limit=1")).json()
    assert [profile["username"] for profile in page["profiles"]] == ["grace"]
    assert page["version"] == 2
    rest = (await auth.http.get("/internal/profiles?after=3")).json()
    assert rest == {"profiles": [], "version": 3, "store": page["store"], "last": 3}


@pytest.mark.parametrize(
    "query,field",
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=99999999999999999999", "after"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
    ],
)
async def test_a_page_of_profiles_has_limits(auth: Auth, query: str, field: str) -> None:
    assert fields(await auth.http.get(f"/internal/profiles?{query}")) == [field]


async def test_a_refused_registration_shows_no_profile(auth: Auth) -> None:
    await auth.register("ada")
    await auth.register("ADA")
    assert len((await auth.http.get("/internal/profiles")).json()["profiles"]) == 1
