"""What the other services ask; the gateway routes nothing of it but the public key."""

from typing import Annotated, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.session import Device
from auth_service.routes.devices import BROWSER_LENGTH_MAX
from auth_service.state import State
from servicekit.bodies import read_query
from servicekit.contract import describes
from servicekit.numbered_lists import ListQuery
from servicekit.responses import json_response
from servicekit.status import Counts

PROFILES_PAGE_MAX = 500
VERSION_MAX = 2**62
KeySet: TypeAlias = dict[str, list[dict[str, str]]]  # RFC 7517 §5


class DeviceQuery(msgspec.Struct, frozen=True):
    username: str
    address: str
    browser: Annotated[str, msgspec.Meta(max_length=BROWSER_LENGTH_MAX)] = ""


class ProfilesQuery(msgspec.Struct, frozen=True):
    after: Annotated[int, msgspec.Meta(ge=0, le=VERSION_MAX)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=PROFILES_PAGE_MAX)] = PROFILES_PAGE_MAX


@describes("Read the public key that tokens are checked with", access="anyone", answer=KeySet)
async def key_set(request: Request[State]) -> Response:
    keys: KeySet = request.state["key_set"]
    return json_response(keys)


async def revocations(request: Request[State]) -> Response:
    return json_response({"revoked": await request.state["sessions"].list_revoked()})


async def known_device(request: Request[State]) -> Response:
    """Asked by the gateway, which counts the wrong passwords of known devices by themselves."""
    query = read_query(request, DeviceQuery)
    device = Device(query.address, "", query.browser)
    return json_response({"known_as": await request.state["sessions"].known_as(query.username, device)})


async def profiles(request: Request[State]) -> Response:
    query = read_query(request, ProfilesQuery)
    changed = await request.state["accounts"].changed_after(query.after, limit=query.limit)
    return json_response(
        {
            "profiles": changed,
            "version": changed[-1].version if changed else query.after,
            "store": request.state["database"].id,
            "last": await request.state["accounts"].latest_version(),
        }
    )


async def role(request: Request[State]) -> Response:
    """What somebody is here now, for services that do what their copy of the profiles is not certain enough for."""
    standing = await request.state["moderation"].get_standing(request.path_params["username"])
    return json_response({"role": standing.role, "banned": standing.is_banned})


async def count(state: State) -> Counts:
    return await state["moderation"].count_people()


async def orders(request: Request[State]) -> Response:
    query = read_query(request, ListQuery)
    moderation = request.state["moderation"]
    return json_response(
        {
            "orders": await moderation.orders_after(query.after, limit=query.limit),
            "store": request.state["database"].id,
            "last": await moderation.last_order(),
        }
    )
