"""The instance: one community, with a name, and who may become part of it."""

from typing import Literal, TypeAlias

import msgspec

Registration: TypeAlias = Literal["open", "invitation", "closed"]


class Instance(msgspec.Struct, frozen=True):
    """`claimed`: it has an owner. The claim link of `claim_generation` is the good one."""

    name: str
    description: str
    registration: Registration
    members_may_invite: bool
    claimed: bool
    claim_generation: int


class InstanceChange(msgspec.Struct, frozen=True):
    """None: as it is."""

    name: str | None = None
    description: str | None = None
    registration: Registration | None = None
    members_may_invite: bool | None = None
