"""Quiet hours: by the clock of one's time zone, on all one's devices, and nobody else's affair."""

from datetime import datetime
from typing import Any

import pytest

from chat_service.domain.quiet_hours import NO_QUIET_HOURS, QuietHours, check
from servicekit.problems import Invalid
from tests.chat_service.erasure import erase, rows
from tests.chat_service.world import World

PATH = "/api/quiet-hours"
NONE = {"starts": None, "ends": None, "time_zone": None}
NIGHT = {"starts": "22:00", "ends": "07:30", "time_zone": "Europe/Berlin"}  # 08:00 UTC is 09:00 there in January

# The rules


@pytest.mark.parametrize(
    "starts, ends, now, hold",
    [
        ("22:00", "07:30", "2027-01-15T20:59:59Z", False),  # 21:59:59 in Berlin
        ("22:00", "07:30", "2027-01-15T21:00:00Z", True),
        ("22:00", "07:30", "2027-01-15T23:30:00Z", True),
        ("22:00", "07:30", "2027-01-15T06:29:59Z", True),
        ("22:00", "07:30", "2027-01-15T06:30:00Z", False),
        ("22:00", "07:30", "2027-07-15T05:29:59Z", True),  # two hours ahead in summer
        ("22:00", "07:30", "2027-07-15T05:30:00Z", False),
        ("09:00", "12:00", "2027-01-15T07:59:00Z", False),
        ("09:00", "12:00", "2027-01-15T08:00:00Z", True),
        ("09:00", "12:00", "2027-01-15T11:00:00Z", False),
        ("00:00", "23:59", "2027-01-15T22:59:00Z", False),
        ("23:59", "00:00", "2027-01-15T22:59:30Z", True),
    ],
)
def test_they_begin_and_end_by_the_clock_of_the_zone(starts: str, ends: str, now: str, hold: bool) -> None:
    hours = QuietHours(starts, ends, "Europe/Berlin")
    assert hours.at(datetime.fromisoformat(now)).hold_now is hold


def test_none_never_hold() -> None:
    check(NO_QUIET_HOURS)
    assert not NO_QUIET_HOURS.at(datetime.fromisoformat("2027-01-15T00:00:00Z")).hold_now


def test_a_zone_that_is_no_more_is_as_good_as_utc() -> None:
    hours = QuietHours("07:00", "09:00", "Europe/Atlantis")
    assert hours.at(datetime.fromisoformat("2027-01-15T08:00:00Z")).hold_now
    assert not hours.at(datetime.fromisoformat("2027-01-15T09:00:00Z")).hold_now


@pytest.mark.parametrize(
    "field, wanted",
    [
        ("starts", QuietHours("22:00", None, None)),
        ("starts", QuietHours(None, "07:00", "Europe/Berlin")),
        ("ends", QuietHours("07:00", "07:00", "Europe/Berlin")),
        *(
            ("time_zone", QuietHours("22:00", "07:00", name))
            for name in ("Europe/Nowhere", "Europe", "../../etc/passwd", "/etc/localtime", "Berlin Time", "🕐")
        ),
    ],
)
def test_what_is_no_time_of_each_day_is_refused_by_its_field(field: str, wanted: QuietHours) -> None:
    with pytest.raises(Invalid) as refusal:
        check(wanted)
    assert [error.field for error in refusal.value.errors] == [field]


# The service


async def test_they_are_on_all_devices_and_gone_when_they_are_taken_back(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0) for _ in range(2)]
    devices = [await here.live_device("Ada"), await there.live_device("Ada")]
    grace = await here.live_device("Grace")
    assert await here.get("Ada", PATH) == {**NONE, "hold_now": False}
    answer = await here.request("Ada", "PUT", PATH, json=NIGHT)
    assert answer.json() == {**NIGHT, "hold_now": False}
    for device in devices:
        assert await device.hear("quiet_hours") == {"type": "quiet_hours", **NIGHT}
    assert await there.get("Ada", PATH) == answer.json()
    morning = {**NIGHT, "starts": "08:59"}
    assert (await here.request("Ada", "PUT", PATH, json=morning)).json() == {**morning, "hold_now": True}
    assert (await here.request("Ada", "PUT", PATH, json={})).json() == {**NONE, "hold_now": False}
    assert await there.get("Grace", PATH) == {**NONE, "hold_now": False}
    await grace.heard_nothing()


@pytest.mark.parametrize(
    "wrong", [{"starts": "24:00"}, {"starts": "7:00"}, {"starts": "07:00\n"}, {"time_zone": ""}, []]
)
async def test_a_body_that_says_no_hours_is_refused(world: World, wrong: Any) -> None:
    chat = await world.instance()
    body = {**NIGHT, **wrong} if isinstance(wrong, dict) else wrong
    assert (await chat.request("Ada", "PUT", PATH, json=body)).status_code == 422


async def test_they_go_with_the_account(world: World) -> None:
    chat = await world.instance()
    await chat.request("Ada", "PUT", PATH, json=NIGHT)
    await erase(world, "Ada")
    assert rows(world, "SELECT count(*) FROM quiet_hours") == [(0,)]
