"""The instance as it is kept: what it is called, who may register, and the link that makes its owner."""

from collections.abc import Callable

import msgspec

from auth_service.domain.account import fold_username
from auth_service.domain.instance import Instance, InstanceChange, Registration
from auth_service.domain.moderation import Act
from auth_service.domain.refusals import LinkSpent, UnknownLink
from auth_service.domain.roles import Action, Actor, Role, check_act
from auth_service.store.audit import note
from auth_service.store.roles import get_standing, hold_roles, standing_of_actor
from auth_service.store.versions import touch_profile
from servicekit.database import Connection, Database

IsOfGeneration = Callable[[int], bool]
SPENT_GENERATIONS_KNOWN = 1_000


class InstanceStore:
    """`registration` holds until the first change of the instance."""

    def __init__(self, database: Database, *, registration: Registration) -> None:
        self._database = database
        self._registration = registration

    async def get(self) -> Instance:
        return await self._database.read_few(get_instance, self._registration)

    async def change(self, actor: Actor, change: InstanceChange, *, now: float) -> Instance:
        """Raises NotAllowed."""
        return await self._database.write(_change, actor, change, self._registration, now=now)

    async def check_claim(self, is_of: IsOfGeneration) -> None:
        """Whether the link is the good one, as `is_of` tells of a generation. Raises UnknownLink or LinkSpent."""
        await self._database.read_few(_check_claim, is_of)

    async def claim(self, actor: Actor, is_of: IsOfGeneration, *, now: float) -> int:
        """The new version of the profile of who is an owner now; the link is spent. Raises UnknownLink or LinkSpent."""
        return await self._database.write(_claim, actor, is_of, now=now)


def get_instance(connection: Connection, registration: Registration) -> Instance:
    row = connection.execute(
        "SELECT name, description, registration, members_may_invite, claim_generation,"
        " EXISTS (SELECT 1 FROM users WHERE role = ?) AS claimed FROM instance",
        (Role.OWNER.value,),
    ).fetchone()
    return Instance(
        name=row["name"],
        description=row["description"],
        registration=row["registration"] or registration,
        members_may_invite=bool(row["members_may_invite"]),
        claimed=bool(row["claimed"]),
        claim_generation=row["claim_generation"],
    )


def members_may_invite(connection: Connection) -> bool:
    return bool(connection.execute("SELECT members_may_invite FROM instance").fetchone()[0])


def is_claim_link(connection: Connection, is_of: IsOfGeneration) -> bool:
    return is_of(_generation(connection))


def _change(
    connection: Connection, actor: Actor, change: InstanceChange, registration: Registration, *, now: float
) -> Instance:
    hold_roles(connection)
    check_act(standing_of_actor(connection, actor), Action.CHANGE_INSTANCE)
    before = get_instance(connection, registration)
    given = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not None}
    after = msgspec.structs.replace(before, **given)
    connection.execute(
        "UPDATE instance SET name = ?, description = ?, registration = ?, members_may_invite = ?",
        (after.name, after.description, after.registration, int(after.members_may_invite)),
    )
    changed = [name for name in given if getattr(before, name) != getattr(after, name)]
    if changed:
        told = [f"{name}: {getattr(after, name)}" if name == "registration" else name for name in changed]
        note(connection, actor, Act.INSTANCE, detail=", ".join(told), now=now)
    return after


def _generation(connection: Connection) -> int:
    return int(connection.execute("SELECT claim_generation FROM instance").fetchone()[0])


def _check_claim(connection: Connection, is_of: IsOfGeneration) -> int:
    """The generation, whose link it is."""
    generation = _generation(connection)
    if is_of(generation):
        return generation
    spent = range(max(1, generation - SPENT_GENERATIONS_KNOWN), generation)
    raise LinkSpent if any(map(is_of, spent)) else UnknownLink


def _claim(connection: Connection, actor: Actor, is_of: IsOfGeneration, *, now: float) -> int:
    hold_roles(connection)
    generation = _check_claim(connection, is_of)
    connection.execute("UPDATE instance SET claim_generation = ?", (generation + 1,))
    username = get_standing(connection, actor.username).username
    connection.execute(
        "UPDATE users SET role = ? WHERE username_folded = ?", (Role.OWNER.value, fold_username(username))
    )
    note(connection, actor, Act.CLAIM, target=username, now=now)
    return touch_profile(connection, username)
