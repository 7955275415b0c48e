"""Accounts, and the part of them that everyone may see."""

import msgspec

from auth_service.domain.roles import Role
from servicekit.texts import folded, folded_username


class Registration(msgspec.Struct, frozen=True):
    """What a person asked for, and what the rules have accepted."""

    username: str
    password: str
    email: str | None


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What everyone may know of an account; `pfp` is the address of a picture, and `status` what they say of
    themselves, or empty.

    Of an erased account only the username is left, which is its nickname then. `invited_to` is the room to which
    `invited_by` had invited when the person registered.
    """

    username: str
    nickname: str
    pfp: str
    version: int
    role: Role
    banned: bool
    erased: bool = False
    invited_by: str | None = None
    invited_to: str | None = None
    status: str = ""


class Account(msgspec.Struct, frozen=True):
    """`password` is the argon2 hash; `password_version` grows when the person chooses another password."""

    id: int
    username: str
    email: str | None
    password: str
    password_version: int
    nickname: str
    pfp: str
    status: str
    version: int
    role: Role
    is_banned: bool


def fold(name: str) -> str:
    """The form in which names are searched."""
    return folded(name)


def fold_username(username: str) -> str:
    """The form in which they are the same or not."""
    return folded_username(username)
