"""`python -m auth_service admin`, as a person runs it: on the store, beside the service that runs."""

import asyncio
import os
import time
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from auth_service import qr_codes
from auth_service.feed import ORDERS_CHANNEL, PROFILES_CHANNEL
from auth_service.settings import AuthSettings
from servicekit.authentication import REVOCATIONS_CHANNEL
from tests.auth_service.owners import change_instance, claim_code, orders, owner_of, standing
from tests.auth_service.people import PASSWORD, Auth, serving
from tests.auth_service.test_feed import listening
from tests.auth_service.test_full_disk import read_only
from tests.clock import Clock
from tests.fork_server import run
from tests.problems import code
from tests.waiting import eventually

PUBLIC_URL = "https://parley.example"


class TimeOfDay(Clock):
    """The command's own: it is another process."""

    def __call__(self) -> float:
        return time.time()


@pytest.fixture
def clock() -> Clock:
    return TimeOfDay()


def environment(settings: AuthSettings, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    own = {
        "PARLEY_DATA_DIR": str(settings.data_dir),
        "PARLEY_AUTH_DATABASE_URL": settings.auth_database_url,
        "PARLEY_REDIS_URL": settings.redis_url,
        "PARLEY_PUBLIC_URL": PUBLIC_URL,
        "SECRET_KEY": settings.secret_key or "",
    }
    return {**inherited, **own, **more}


async def admin(settings: AuthSettings, *arguments: str, **more: str) -> tuple[int, str]:
    """The status, and all that was said."""
    told = environment(settings, **more)
    status, out, err = await asyncio.to_thread(run, "auth_service", ("admin", *arguments), told)
    return status, (out + err).rstrip("\n")


async def test_it_shows_the_claim_link_also_before_anything_runs(settings: AuthSettings, clock: Clock) -> None:
    link = f"{PUBLIC_URL}/claim/{claim_code(settings)}"
    assert await admin(settings, "claim-link") == (0, link)
    async with serving(settings, clock) as auth:
        await owner_of(auth, settings)
        assert await admin(settings, "claim-link") == (0, f"{PUBLIC_URL}/claim/{claim_code(settings, 2)}")
        assert await admin(settings, "claim-link", "--if-unclaimed") == (0, "")


async def test_it_draws_the_link_for_a_terminal(settings: AuthSettings) -> None:
    status, said = await admin(settings, "claim-link", "--qr", "--if-unclaimed")
    link, _, drawn = said.partition("\n")
    assert status == 0
    assert drawn == qr_codes.as_text(link).rstrip("\n")
    assert len(drawn.splitlines()) > 15


async def test_the_secret_that_the_service_made_is_found(settings: AuthSettings, clock: Clock) -> None:
    without = replace(settings, secret_key=None)
    async with serving(without, clock) as auth:
        ada = await auth.person("ada")
        _, link = await admin(without, "claim-link")
        assert (await ada.post(f"/api{urlsplit(link).path}")).is_success


@pytest.mark.parametrize(
    "more, starts",
    [
        ({"PARLEY_PUBLIC_URL": "", "PARLEY_DOMAIN": "parley.example"}, "https://parley.example/claim/"),
        ({"PARLEY_PUBLIC_URL": "", "PARLEY_PORT": "8100"}, "http://127.0.0.1:8100/claim/"),
        ({"PARLEY_PUBLIC_URL": "", "PARLEY_HOST": "0.0.0.0"}, "http://127.0.0.1:8000/claim/"),
        ({"PARLEY_PUBLIC_URL": "http://one.example/", "PARLEY_DOMAIN": "other.example"}, "http://one.example/claim/"),
    ],
)
async def test_a_link_begins_with_the_public_address(settings: AuthSettings, more: dict[str, str], starts: str) -> None:
    if settings.auth_database_url:
        pytest.skip("the address is the same whatever keeps the store")
    assert (await admin(settings, "claim-link", **more))[1].startswith(starts)


async def test_roles_bans_and_people(auth: Auth, settings: AuthSettings) -> None:
    for name in ("ada", "Grace"):
        await auth.person(name)
    assert await admin(settings, "role", "ADA", "owner") == (0, "ada is owner")
    assert await standing(auth, "ada") == ("owner", False)
    assert await admin(settings, "ban", "grace", "--reason", "spam", "--erase-messages") == (
        0,
        "Grace is banned; 1 sessions ended",
    )
    assert code(await auth.sign_in("grace")) == (403, "banned")
    assert [one["kind"] for one in (await orders(auth))["orders"]] == ["end_uploads", "erase_messages"]
    status, listed = await admin(settings, "users")
    assert (status, [line.split()[:4] for line in listed.splitlines()]) == (
        0,
        [["ada", "owner", "active", "1"], ["Grace", "member", "banned", "0"]],
    )
    assert (await admin(settings, "users", "--state", "banned", "--query", "gra", "--role", "member"))[1].startswith(
        "Grace"
    )
    assert await admin(settings, "unban", "grace") == (0, "grace is not banned")
    assert (await auth.sign_in("grace")).is_success
    rows = (await (await auth.device("ada")).get("/api/admin/audit")).json()
    assert [(row["actor"], row["act"], row["address"]) for row in rows] == [
        (None, "end_ban", None),
        (None, "ban", None),
        (None, "role", None),
    ]


async def test_a_reset_link_and_an_invitation_are_good_at_the_service(auth: Auth, settings: AuthSettings) -> None:
    await auth.register("ada")
    status, said = await admin(settings, "reset-link", "ada")
    link, _, until = said.partition(" ")
    assert (status, link.startswith(f"{PUBLIC_URL}/reset/"), until.startswith("(until ")) == (0, True, True)
    new = {"password": "an entirely new one"}
    assert (await auth.http.post(f"/api{urlsplit(link).path}", json=new)).is_success
    await admin(settings, "role", "ada", "owner")
    ada = await auth.device("ada", new["password"])
    await change_instance(ada, registration="invitation")
    status, said = await admin(settings, "invite", "--uses", "2", "--days", "1")
    invited_by = said.partition(" ")[0].rpartition("/")[2]
    assert (await auth.register("grace", invitation=invited_by)).status_code == 201
    (listed,) = (await ada.get("/api/invitations")).json()
    assert (listed["username"], listed["uses"], listed["uses_max"]) == (None, 1, 2)
    grace = (await auth.http.get("/internal/profiles")).json()["profiles"][-1]
    assert grace["invited_by"] == ""


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("role", "ada", "member"), "There has to be an owner"),
        (("ban", "ada"), "There has to be an owner"),
        (("ban", "nobody"), "There is no user of that name."),
        (("unban", "nobody"), "There is no user of that name."),
        (("reset-link", "nobody"), "There is no user of that name."),
    ],
)
async def test_what_is_refused_is_one_line_and_status_1(
    auth: Auth, settings: AuthSettings, arguments: tuple[str, ...], said: str
) -> None:
    ada = await owner_of(auth, settings)
    status, line = await admin(settings, *arguments)
    assert (status, line.count("\n")) == (1, 0)
    assert line.startswith(f"auth_service: {said}")
    assert await ada.is_signed_in()


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("role", "ada", "king"), ("invite", "--uses", "0")])
async def test_what_is_no_command_is_told_how_it_goes(settings: AuthSettings, arguments: tuple[str, ...]) -> None:
    if settings.auth_database_url:
        pytest.skip("nothing is opened")
    status, said = await admin(settings, *arguments)
    assert (status, said.startswith("usage: ")) == (2, True)


async def test_a_store_that_takes_no_writes_is_told_in_one_line(settings: AuthSettings, clock: Clock) -> None:
    async with serving(settings, clock) as auth:
        await auth.register("ada")
    if settings.auth_database_url:
        with read_only(settings.auth_database_url):
            status, said = await admin(settings, "role", "ada", "owner")
    else:
        (settings.data_dir / "auth" / "users.db").write_bytes(b"nothing that SQLite knows" * 400)
        status, said = await admin(settings, "role", "ada", "owner")
    assert (status, said.count("\n"), said.startswith("auth_service: ")) == (
        2 - bool(settings.auth_database_url),
        0,
        True,
    )


# What runs notices


async def test_the_others_hear_of_a_ban_by_the_command(settings: AuthSettings, clock: Clock, valkey_url: str) -> None:
    async with (
        listening(valkey_url, REVOCATIONS_CHANNEL) as gateway,
        listening(valkey_url, PROFILES_CHANNEL) as chat,
        listening(valkey_url, ORDERS_CHANNEL) as media,
        serving(replace(settings, redis_url=valkey_url), clock) as auth,
    ):
        ada = await auth.person("ada")
        sid = await ada.sid()
        heard = asyncio.gather(gateway.hears(sid), chat.hears("2"), media.hears("1"))
        await admin(settings, "ban", "ada")
        ended_s = time.perf_counter()
        await heard
        assert time.perf_counter() - ended_s < 2  # the bound itself is 0.25 s, on a machine that does nothing else
        assert not await ada.is_signed_in()


async def test_an_instance_that_could_not_look_looks_again(
    settings: AuthSettings, clock: Clock, valkey_url: str
) -> None:
    """As while its database is being restarted."""
    if not settings.auth_database_url:
        pytest.skip("a file does not go away")
    async with (
        listening(valkey_url, PROFILES_CHANNEL) as chat,
        serving(replace(settings, redis_url=valkey_url), clock) as auth,
    ):
        await auth.register("ada", PASSWORD)
        with read_only(settings.auth_database_url):  # which ends all connections
            pass
        await eventually(lambda: is_there(auth))
        await admin(settings, "role", "ada", "owner")
        await chat.hears("2")


async def is_there(auth: Auth) -> bool:
    return (await auth.http.get("/api/instance")).is_success
