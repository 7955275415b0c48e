"""Redis is only a nudge: away, dead or hung, it costs nobody a message."""

from collections.abc import Callable
from pathlib import Path

from tests.system.parleys import Parley, hung_valkey, parley_without_redis
from tests.system.people import WHISPER
from tests.system.talkers import crowd
from tests.waiting import eventually


async def test_without_redis_all_starts_says_so_and_works(tmp_path: Path) -> None:
    async with parley_without_redis(tmp_path) as lonely:

        async def only_redis_is_missing() -> bool:
            try:
                status, checks = await lonely.checks()
            except OSError:
                return False
            return status == 200 and [name for name, how in checks.items() if how != "ok"] == ["redis"]

        async def is_alive() -> bool:
            try:
                return (await lonely.http.get("/healthz")).status_code == 200
            except Exception:  # noqa: BLE001 - it has not started to listen
                return False

        await eventually(is_alive)
        await eventually(only_redis_is_missing)
        ada, bob, carol = await lonely.people("ada", "bob", "carol")
        async with ada.device() as adas, bob.device() as bobs:
            sent = await adas.write(bob.name, f"{WHISPER} one")
            assert (sent["seq"], sent["delivered"]) == (1, True)  # he is on the same instance
            assert (await adas.write(carol.name, f"{WHISPER} one"))["delivered"] is None
            assert (await bobs.next("message"))["message"] == f"{WHISPER} one"
            await lonely.system.start_valkey()
            await lonely.system.ready()
            sent = await adas.write(bob.name, f"{WHISPER} two")
            assert (sent["seq"], sent["delivered"]) == (2, True)
            assert (await bobs.next("message"))["message"] == f"{WHISPER} two"
            assert bobs.texts() == [f"{WHISPER} one", f"{WHISPER} two"]
        for service in ("gateway", "auth", "chat"):
            assert "redis is away" in lonely.system.log(service)
            assert "redis is connected" in lonely.system.log(service)


async def test_redis_killed_under_load_costs_two_chat_instances_nothing(
    twin: Parley, report: Callable[[str], None]
) -> None:
    async with crowd(twin, pairs=4) as talking:
        for _ in range(2):
            await talking.until_acknowledged(400)
            await twin.system.kill("valkey")
            await talking.until_acknowledged(400)
            await twin.system.start_valkey()
        await talking.until_acknowledged(400)
        await talking.settle()
        counts = await talking.check()
    await twin.system.ready()
    assert all(talker.cuts == 0 for talker in talking.talkers)
    unknown = sum(event["delivered"] is None for talker in talking.talkers for event in talker.acknowledged.values())
    assert unknown
    report(f"Redis killed twice: {counts}; {unknown} with delivered: null")


async def test_a_hung_redis_delays_for_seconds_and_loses_nothing(twin: Parley, report: Callable[[str], None]) -> None:
    async with crowd(twin, pairs=4) as talking:
        await talking.until_acknowledged(400)
        async with hung_valkey(twin):
            before = talking.acknowledged
            delay_s = await eventually(lambda: talking.acknowledged > before + 400)
            status, checks = await twin.checks()
            assert (status, checks["redis"]) == (200, "away")
        await talking.until_acknowledged(400)
        await talking.settle()
        counts = await talking.check()
    await twin.system.ready()
    assert delay_s < 10
    report(f"Redis hung, given up after {delay_s:.1f} s: {counts}")


async def test_one_of_two_chat_instances_dies_under_load_and_the_other_serves_all(
    twin: Parley, report: Callable[[str], None]
) -> None:
    async with crowd(twin, pairs=4) as talking:
        await talking.until_acknowledged(400)
        await twin.system.kill("chat-2")
        await talking.until_acknowledged(400)
        await twin.system.start("chat-2")
        await talking.until_acknowledged(400)
        await talking.settle()
        counts = await talking.check()
    await twin.system.ready()
    assert any(talker.cuts == 0 for talker in talking.talkers)
    assert any(talker.cuts > 0 for talker in talking.talkers)
    report(f"one of two chat instances killed: {counts}")
