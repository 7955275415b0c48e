"""What becomes of people in the whole community, as the auth service tells it."""

from chat_service.peers import ORDERS_CHANNEL, PROFILES_CHANNEL
from servicekit.times import rfc3339
from tests.chat_service.erasure import rows, tell
from tests.chat_service.world import World
from tests.waiting import eventually


async def make(world: World, name: str, role: str) -> None:
    world.auth.set_role(name, role)
    await tell(world, PROFILES_CHANNEL, "news")
    await eventually(lambda: rows(world, "SELECT role FROM people WHERE username = ?", name) == [(role,)])


async def ban(world: World, name: str, *, banned: bool = True) -> None:
    world.auth.ban(name, banned=banned)
    await tell(world, PROFILES_CHANNEL, "news")
    await eventually(lambda: rows(world, "SELECT is_banned FROM people WHERE username = ?", name) == [(int(banned),)])


async def order_erasure(world: World, name: str, *, until_s: float | None = None) -> int:
    until = rfc3339(world.clock() if until_s is None else until_s)
    number = world.auth.order("erase_messages", name, until)
    await tell(world, ORDERS_CHANNEL, "news")
    return number


def acts(world: World) -> list[tuple[str, ...]]:
    return rows(world, "SELECT actor, act, target, room FROM acts ORDER BY number")
