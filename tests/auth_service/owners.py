"""An instance that is owned, and the people who moderate it."""

from typing import Any

import httpx

from auth_service.links import Links
from auth_service.settings import AuthSettings
from tests.auth_service.people import Auth, Person

ODD_CODES = ["x", "A" * 22, "A" * 23, "%00", "%F0%9F%91%BB", "..%2F", "%25", "'%20OR%201=1", "A" * 4_000]


def claim_code(settings: AuthSettings, generation: int = 1) -> str:
    """As whoever has the machine learns it."""
    assert settings.secret_key
    links = Links(secret=settings.secret_key, public_url="", new_code=str)
    return links.claim_code(generation)


async def claim(person: Person, settings: AuthSettings, generation: int = 1) -> httpx.Response:
    return await person.post(f"/api/claim/{claim_code(settings, generation)}")


async def owner_of(auth: Auth, settings: AuthSettings, username: str = "ada") -> Person:
    """Who has just registered, and claimed the instance."""
    person = await auth.person(username)
    assert (await claim(person, settings)).is_success
    return person


async def person_with(auth: Auth, owner: Person, username: str, role: str) -> Person:
    person = await auth.person(username)
    assert (await set_role(owner, username, role)).is_success
    return person


async def set_role(owner: Person, username: str, role: str) -> httpx.Response:
    return await owner.request("PUT", f"/api/admin/users/{username}/role", json={"role": role})


async def ban(moderator: Person, username: str, **how: Any) -> httpx.Response:
    return await moderator.request("PUT", f"/api/admin/users/{username}/ban", json=how)


async def end_ban(moderator: Person, username: str) -> httpx.Response:
    return await moderator.request("DELETE", f"/api/admin/users/{username}/ban")


async def invitation(person: Person, **how: Any) -> dict[str, Any]:
    answer = await person.post("/api/invitations", json=how)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def standing(auth: Auth, username: str) -> tuple[str, bool]:
    """As the other services ask for it."""
    answer = (await auth.http.get(f"/internal/roles/{username}")).json()
    return answer["role"], answer["banned"]


async def orders(auth: Auth, after: int = 0) -> dict[str, Any]:
    return dict((await auth.http.get("/internal/orders", params={"after": after})).json())


async def change_instance(owner: Person, **changes: Any) -> httpx.Response:
    return await owner.request("PATCH", "/api/admin/instance", json=changes)
