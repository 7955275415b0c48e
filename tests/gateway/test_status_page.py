"""How the system is, on the overview of owners."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from gateway.domain.system_status import Answer, ServiceStatus, SystemStatus, system_status
from servicekit.status import PATH, InstanceStatus
from servicekit.version import __version__
from tests.gateway.admin_script import of_ada, script
from tests.gateway.gateways import System
from tests.gateway.pages import MARKUP, assert_page
from tests.gateway.stand_ins import Exchange
from tests.gateway.test_system_status import NOW, OK, failing, telling

ROLE = "/internal/roles/ada"
COUNTS = {
    "auth": {"people": 38, "banned": 2, "sessions": 51},
    "chat": {"rooms": 12, "messages": 70_000, "reports_open": 1},
    "media": {"files": 1, "stored_bytes": 2_100_000_000},
    "video": {"streams": 0},
}
DISK = {"disk_free_bytes": 49_000_000_000, "disk_total_bytes": 80_000_000_000}


@pytest.fixture
def well(whole: System) -> Iterator[System]:
    """Ada owns it, and every service tells how it is."""

    async def owner(exchange: Exchange) -> None:
        await exchange.reply_json({"role": "owner", "banned": False})

    whole.auth.at[ROLE] = owner
    for service in whole.services:
        said = msgspec.structs.replace(OK, counts=COUNTS[service.name], version=__version__, **DISK)
        service.at[PATH] = telling(said)
    yield whole
    del whole.auth.at[ROLE]
    for service in whole.services:
        service.at.pop(PATH, None)


async def overview(whole: System, **headers: str) -> str:
    page = await whole.http.get("/admin", headers={**of_ada(whole), **headers})
    assert_page(page)
    return page.text


async def test_an_owner_sees_how_the_system_is(well: System) -> None:
    script(well)
    text = await overview(well)
    for shown in (
        "38 people",
        "Banned: 2",
        "70000 messages",
        "Rooms: 12",
        "1 file<",
        "49\N{NO-BREAK SPACE}GB of 80\N{NO-BREAK SPACE}GB free",
    ):
        assert shown in text, shown
    assert '<progress max="80000000000" value="31000000000" aria-label="Disk used">' in text
    assert "The same everywhere" in text
    assert "Not seen yet" in text
    assert text.count('<th scope="row">') == 5
    assert "Something needs a look" in text  # for here is no Redis


async def test_in_german_too(well: System) -> None:
    script(well)
    text = await overview(well, **{"Accept-Language": "de"})
    for shown in ("Etwas braucht deinen Blick", "38 Menschen", "70000 Nachrichten", "Noch einmal nachsehen", "Konten"):
        assert shown in text, shown


async def test_what_is_away_or_old_is_said(well: System) -> None:
    script(well)
    well.media.at[PATH] = failing
    well.video.at[PATH] = telling(msgspec.structs.replace(OK, version="0.0.1", status="stopping"))
    text = await overview(well)
    assert ">Away</span>" in text
    assert "Is being stopped" in text
    assert "Not the same everywhere" in text
    assert "Not known now" in text


async def test_what_a_service_says_of_itself_is_escaped(well: System) -> None:
    script(well)
    well.chat.at[PATH] = telling(msgspec.structs.replace(OK, version=MARKUP, checks={MARKUP: "unavailable"}))
    assert MARKUP not in await overview(well)


@pytest.mark.parametrize("role", ["moderator", "owner"])
async def test_moderators_and_owners_of_a_moment_ago_see_the_rest(whole: System, role: str) -> None:
    script(whole, role)
    text = await overview(whole)  # auth does not say that Ada owns it
    assert "What was done lately" in text
    assert "Look again" not in text


# In words


def whole_of(*said: InstanceStatus | None) -> SystemStatus:
    gateway = ServiceStatus(service="gateway", address="", status="ok", version="1")
    return system_status(gateway, [Answer("chat", "", one) for one in said], checked_at=NOW, tls_seen=True)


@pytest.mark.parametrize(
    "versions, is_one", [(["1", "1"], True), (["1", "2"], False), ([None, "1"], True), ([None], True)]
)
def test_there_is_one_version_where_all_who_answer_have_it(versions: list[Any], *, is_one: bool) -> None:
    said = [None if one is None else msgspec.structs.replace(OK, version=one) for one in versions]
    assert whole_of(*said).has_one_version is is_one
