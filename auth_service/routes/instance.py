"""The instance, and the link that makes its owner."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from auth_service.domain.instance import Instance, InstanceChange, Registration
from auth_service.domain.refusals import LinkSpent, NotAllowed, UnknownLink, UnknownUser
from auth_service.routes.devices import actor_of
from auth_service.state import State
from servicekit.bodies import read_json
from servicekit.contract import describes
from servicekit.responses import json_response
from servicekit.version import __version__


class InstanceAnswer(msgspec.Struct, frozen=True):
    name: str
    description: str
    registration: Registration
    version: str
    claimed: bool
    members_may_invite: bool


class ClaimLink(msgspec.Struct, frozen=True):
    """That it is good: an answer about one that is not is a refusal."""

    good: bool = True


class Claimed(msgspec.Struct, frozen=True):
    message: str


@describes("Read what this instance is, and who may register", access="anyone", answer=InstanceAnswer)
async def read_instance(request: Request[State]) -> Response:
    return json_response(_answer(await request.state["community"].get_instance()))


@describes(
    "Change the instance",
    body=InstanceChange,
    example=InstanceChange(name="The Analytical Society", registration="invitation"),
    answer=InstanceAnswer,
    refusals=(NotAllowed,),
)
async def change_instance(request: Request[State]) -> Response:
    """For owners. What is left out, or null, stays as it is."""
    actor = await actor_of(request)
    change = request.state["rules"].instance(await read_json(request, InstanceChange))
    return json_response(_answer(await request.state["community"].change_instance(actor, change)))


@describes("Ask whether a claim link is good", access="anyone", answer=ClaimLink, refusals=(UnknownLink, LinkSpent))
async def read_claim(request: Request[State]) -> Response:
    """Uses nothing up."""
    await request.state["community"].check_claim(request.path_params["code"])
    return json_response(ClaimLink())


@describes("Become an owner", answer=Claimed, refusals=(UnknownLink, LinkSpent, UnknownUser))
async def claim(request: Request[State]) -> Response:
    """The link is spent then. Where there is an owner, this makes another."""
    actor = await actor_of(request)
    await request.state["community"].claim(actor, request.path_params["code"])
    return json_response(Claimed("You own this instance"))


def _answer(instance: Instance) -> InstanceAnswer:
    return InstanceAnswer(
        name=instance.name,
        description=instance.description,
        registration=instance.registration,
        version=__version__,
        claimed=instance.claimed,
        members_may_invite=instance.members_may_invite,
    )
