"""What one person may have and do holds over all instances; while Redis is away, on each."""

import asyncio
import signal
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from websockets.exceptions import InvalidStatus

from chat_service.actions.message_rates import CHANNEL
from servicekit.bus import Bus
from servicekit.connection_counts import LEASE_S
from tests.chat_service.test_presence import killable
from tests.chat_service.world import Device, Instance, World
from tests.valkey import Valkey
from tests.waiting import eventually

TOO_MANY_CONNECTIONS = (429, "too_many_connections")
ENTERED = (101, "")
HANG_S_MAX = 1.5  # less than it takes the bus to find out that Redis hangs


async def how_it_goes(chat: Instance) -> tuple[int, str]:
    """What becomes of one more connection of Ada's."""
    try:
        return await chat.refusal()
    except AssertionError:
        return ENTERED


async def until_entered(chat: Instance) -> None:
    async def has_entered() -> bool:
        return await how_it_goes(chat) == ENTERED

    await eventually(has_entered)


async def in_order(*instances: Instance) -> None:
    """Return when each knows what any of them has told by now."""
    for chat in (*instances, *instances):
        assert await chat.state["bus"].ping()


# Connections


async def test_as_many_connections_as_allowed_enter_wherever_they_come(world: World) -> None:
    instances = [await world.instance(connections_per_person=3) for _ in range(3)]
    came = await asyncio.gather(*(instances[n % 3].device("Ada") for n in range(12)), return_exceptions=True)
    assert sum(isinstance(one, Device) for one in came) == 3
    assert sum(isinstance(one, InvalidStatus) for one in came) == 9
    for chat in instances:
        assert await chat.refusal() == TOO_MANY_CONNECTIONS
        await chat.device("Grace")


async def test_a_connection_that_ends_makes_room_on_every_instance(world: World) -> None:
    here, there = [await world.instance(connections_per_person=2) for _ in range(2)]
    ada, _ = await here.device("Ada"), await here.device("Ada")
    assert await there.refusal() == TOO_MANY_CONNECTIONS
    assert [socket.identity.username for socket in there.state["sockets"]] == []
    await ada.connection.close()
    await until_entered(there)
    assert await here.refusal() == TOO_MANY_CONNECTIONS


async def test_a_handshake_that_is_refused_does_not_count(world: World) -> None:
    here, there = [await world.instance(connections_per_person=1) for _ in range(2)]
    for _ in range(5):
        assert await here.refusal(path="/api/ws/chat?room=nowhere") == (404, "unknown_room")
    await there.device("Ada")


async def test_an_instance_with_a_lower_limit_counts_what_is_open_elsewhere(world: World) -> None:
    before, after = await world.instance(connections_per_person=3), await world.instance(connections_per_person=2)
    await before.device("Ada")
    await before.device("Ada")
    assert await after.refusal() == TOO_MANY_CONNECTIONS
    await before.device("Ada")
    assert await before.refusal() == TOO_MANY_CONNECTIONS


async def test_an_instance_that_ends_takes_its_connections_along(world: World) -> None:
    here, there = [await world.instance(connections_per_person=1) for _ in range(2)]
    await here.device("Ada")
    assert await there.refusal() == TOO_MANY_CONNECTIONS
    await here.stop()
    assert await how_it_goes(there) == ENTERED


async def test_the_connections_of_a_killed_instance_count_until_its_lease_runs_out(world: World) -> None:
    here = await world.instance(connections_per_person=2)
    bus = await world.bus()
    async with killable(world, here) as (there, running):
        for _ in range(2):
            await there.device("Ada")
        running.kill()
        await running.wait()
        assert await here.refusal() == TOO_MANY_CONNECTIONS
    (key,) = await keys(bus)
    (left_ms,) = await bus.execute(("PTTL", key))
    assert 0 < left_ms <= 1_000 * LEASE_S
    await bus.execute(("PEXPIRE", key, 1))  # as if that time had passed
    await until_entered(here)


async def keys(bus: Bus) -> Sequence[bytes]:
    (found,) = await bus.execute(("KEYS", bus.channel("connections:chat:*")))
    return list(found)


async def test_connections_count_for_as_long_as_they_last(world: World) -> None:
    here, there = [await world.instance(connections_per_person=1, connection_lease_s=0.3) for _ in range(2)]
    await here.device("Ada")
    bus = await world.bus()
    lefts_ms: list[int] = []

    async def has_been_renewed() -> bool:
        (key,) = await keys(bus)
        lefts_ms.extend(await bus.execute(("PTTL", key)))
        return sum(later > sooner for sooner, later in pairwise(lefts_ms)) >= 4

    await eventually(has_been_renewed)
    assert await there.refusal() == TOO_MANY_CONNECTIONS


async def test_a_redis_that_forgot_the_connections_is_told_again(world: World) -> None:
    here, there = [await world.instance(connections_per_person=1, connection_lease_s=0.3) for _ in range(2)]
    await here.device("Ada")
    bus = await world.bus()
    await bus.execute(("FLUSHALL",))

    async def is_known() -> bool:
        return len(await keys(bus)) == 1

    await eventually(is_known)
    assert await there.refusal() == TOO_MANY_CONNECTIONS


async def test_without_redis_each_instance_counts_for_itself_and_together_after_its_return(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(connections_per_person=2) for _ in range(2)]
    devices = [await here.device("Ada"), await there.device("Ada")]
    assert await there.refusal() == TOO_MANY_CONNECTIONS
    valkey.kill()
    await eventually(lambda: not (here.state["bus"].is_connected or there.state["bus"].is_connected))
    for chat in (here, there):
        devices.append(await chat.device("Ada"))
        assert await chat.refusal() == TOO_MANY_CONNECTIONS
    valkey.start()
    await eventually(lambda: here.state["bus"].is_connected and there.state["bus"].is_connected)
    await in_order(here, there)
    for device in devices[:2]:
        await device.connection.close()
    await eventually(lambda: len(here.state["sockets"]) + len(there.state["sockets"]) == 2)
    await in_order(here, there)
    for chat in (here, there):
        assert await chat.refusal() == TOO_MANY_CONNECTIONS
    await devices[2].connection.close()
    await until_entered(there)


async def test_a_redis_that_hangs_keeps_nobody_out_and_hardly_up(fragile_world: World, valkey: Valkey) -> None:
    chat = await fragile_world.instance(connections_per_person=3)
    await chat.device("Ada")
    valkey.send(signal.SIGSTOP)
    async with asyncio.timeout(HANG_S_MAX):
        await chat.connect(chat.auth.token("Ada"))
        await chat.connect(chat.auth.token("Ada"))
        assert await chat.refusal() == TOO_MANY_CONNECTIONS
    valkey.send(signal.SIGCONT)


# Messages


async def post(chat: Instance, count: int) -> int:
    """So many messages of Ada's at once: how many of them passed."""
    path, content = "/api/messages/Grace", {"message": "hello"}
    answers = await asyncio.gather(*(chat.does("Ada", "POST", path, json=content) for _ in range(count)))
    assert set(answers) <= {201, (429, "too_many_messages")}
    return answers.count(201)


async def test_a_burst_on_one_instance_leaves_none_for_another(world: World) -> None:
    limits: dict[str, Any] = {"messages_per_second": 1, "messages_burst": 4}
    here, there = [await world.instance(monotonic=lambda: 0.0, **limits) for _ in range(2)]
    assert await post(here, 3) == 3
    await in_order(here, there)
    assert await post(there, 1) == 1
    await in_order(here, there)
    ada = await there.live_device("Ada")
    await ada.say("Grace", "by socket")
    assert await ada.refused() == "too_many_messages"
    assert await here.does("Grace", "POST", "/api/messages/Ada", json={"message": "another person"}) == 201


async def test_on_three_instances_a_person_has_the_rate_of_one_and_at_most_a_burst_more(world: World) -> None:
    per_second, burst, seconds, now_s = 5, 8, 10, 0.0
    limits: dict[str, Any] = {"messages_per_second": per_second, "messages_burst": burst}
    instances = [await world.instance(monotonic=lambda: now_s, **limits) for _ in range(3)]
    passed = 0
    for second in range(seconds + 1):
        now_s = float(second)
        for chat in instances:
            passed += await post(chat, 2 * per_second)
            await in_order(*instances)
    assert per_second * seconds <= passed <= 2 * burst + per_second * seconds


async def test_who_is_on_one_instance_has_exactly_the_rate_whoever_else_there_is(world: World) -> None:
    now_s = 0.0
    limits: dict[str, Any] = {"messages_per_second": 1, "messages_burst": 3}
    here, there = [await world.instance(monotonic=lambda: now_s, **limits) for _ in range(2)]
    assert await post(here, 5) == 3
    await in_order(here, there)
    now_s = 2.0
    assert await post(here, 5) == 2


async def test_a_few_messages_are_told_of_after_a_moment_and_once(world: World) -> None:
    chat = await world.instance(messages_per_second=20, messages_burst=60)
    bus = await world.bus()
    told: list[bytes] = []
    await bus.subscribe(CHANNEL, told.append)
    assert await post(chat, 5) == 5
    assert await chat.does("Grace", "POST", "/api/messages/Ada", json={"message": "hello"}) == 201
    counts: dict[str, int] = {}

    def is_told() -> bool:
        counts.clear()
        for payload in told:
            _, *words = payload.decode().split(" ")
            for name, count in zip(words[::2], words[1::2], strict=True):
                counts[name] = counts.get(name, 0) + int(count)
        return counts == {"Ada": 5, "Grace": 1}

    await eventually(is_told)
    assert len(told) <= 3
    assert await post(chat, 20) == 20
    await eventually(lambda: b" Ada 15" in told[-1])  # a share of the burst, at once


async def test_without_redis_each_instance_has_the_rate(fragile_world: World, valkey: Valkey) -> None:
    limits: dict[str, Any] = {"messages_per_second": 1, "messages_burst": 2}
    here, there = [await fragile_world.instance(monotonic=lambda: 0.0, **limits) for _ in range(2)]
    valkey.kill()
    await eventually(lambda: not (here.state["bus"].is_connected or there.state["bus"].is_connected))
    assert [await post(chat, 3) for chat in (here, there)] == [2, 2]


# What is counted by the hour


async def test_invitations_of_an_hour_are_counted_together(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0, invitations_per_hour=2) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    await there.add_member("Ada", "garden", "Linus")
    await here.remove_member("Ada", "garden", "Grace")
    path = "/api/rooms/garden/members"
    for chat in (here, there):
        assert await chat.does("Ada", "PUT", f"{path}/Grace") == (429, "too_many_invitations")
    assert await there.does("Linus", "PUT", f"{path}/Grace") == 200


async def test_an_invitation_that_brings_nobody_in_is_given_back_everywhere(world: World) -> None:
    limits: dict[str, Any] = {"messages_per_second": 0, "invitations_per_hour": 1, "room_members_max": 2}
    here, there = [await world.instance(**limits) for _ in range(2)]
    await here.make_room("Linus", "full", "Ada")
    for _ in range(3):
        assert await here.does("Ada", "PUT", "/api/rooms/full/members/Grace") == (409, "room_full")
    await in_order(here)
    await there.make_room("Ada", "garden", "Grace")
    await here.make_room("Ada", "meadow")
    assert await here.does("Ada", "PUT", "/api/rooms/meadow/members/Linus") == (429, "too_many_invitations")


async def test_taken_names_of_an_hour_are_counted_together(world: World) -> None:
    here, there = [await world.instance(messages_per_second=0, taken_names_per_hour=2) for _ in range(2)]
    await here.make_room("Grace", "secret", private=True)
    taken = {"json": {"name": "secret"}}
    for chat in (here, there):
        assert await chat.does("Ada", "POST", "/api/rooms", **taken) == (409, "room_taken")
    for chat in (here, there):
        assert await chat.does("Ada", "POST", "/api/rooms", **taken) == (429, "too_many_requests")
        assert await chat.does("Linus", "POST", "/api/rooms", json={"name": f"of-{chat.url[-5:]}"}) == 201


async def test_without_redis_each_instance_counts_the_hour_and_no_less_than_it_knew(
    fragile_world: World, valkey: Valkey
) -> None:
    here, there = [await fragile_world.instance(messages_per_second=0, invitations_per_hour=1) for _ in range(2)]
    await here.make_room("Ada", "garden", "Grace")
    valkey.kill()
    path = "/api/rooms/garden/members/Linus"
    assert await here.does("Ada", "PUT", path) == (429, "too_many_invitations")
    assert await there.does("Ada", "PUT", path) == 200
