"""The promise that everything else stands on: an acknowledged message is kept, and told once and in order."""

from collections.abc import Callable

from tests.system.parleys import Parley
from tests.system.talkers import crowd

KILLS = 4
BETWEEN_KILLS = 200  # acknowledged


async def test_killed_under_load_it_loses_and_doubles_nothing(fragile: Parley, report: Callable[[str], None]) -> None:
    system = fragile.system
    async with crowd(fragile, pairs=4) as talking:
        for _ in range(KILLS):
            await talking.until_acknowledged(BETWEEN_KILLS)
            await system.kill("chat")
            await system.start("chat")
        await talking.until_acknowledged(BETWEEN_KILLS)
        await talking.settle()
        counts = await talking.check()
    assert all(talker.cuts >= KILLS for talker in talking.talkers)
    report(f"chat killed {KILLS} times: {counts}")


async def test_a_gateway_killed_under_load_loses_nothing_either(fragile: Parley, report: Callable[[str], None]) -> None:
    async with crowd(fragile, pairs=2) as talking:
        await talking.until_acknowledged(300)
        await fragile.system.kill("gateway")
        await fragile.system.start("gateway")
        await talking.until_acknowledged(300)
        await talking.settle()
        counts = await talking.check()
    report(f"gateway killed: {counts}")
