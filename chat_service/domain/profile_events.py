"""The event that tells of people who show themselves otherwise."""

import msgspec

from chat_service.domain.people import Person

_encode = msgspec.json.Encoder().encode


class ProfileEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="profile"):
    """How somebody shows themselves from now on; `pfp` and `status` may be empty."""

    username: str
    nickname: str
    pfp: str
    role: str
    status: str


def profile(person: Person) -> bytes:
    return _encode(
        ProfileEvent(
            username=person.username,
            nickname=person.nickname,
            pfp=person.pfp or "",
            role=person.role,
            status=person.status,
        )
    )
