"""The status, as programs read it. No service can answer for the whole, so the gateway does."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.domain.refusals import NotAllowed
from gateway.domain.system_status import SystemStatus
from gateway.domain.tokens import find_token
from gateway.state import State
from servicekit.contract import describes
from servicekit.problems import Unavailable
from servicekit.responses import json_response


@describes("See how the system is", answer=SystemStatus, refusals=(NotAllowed, Unavailable))
async def read_status(request: Request[State]) -> Response:
    """For owners. A service that is away, or slow, is shown as away; without auth nobody knows who may see this."""
    token, _ = find_token(request.headers.get("authorization"), request.headers.get("cookie"))
    identity = await request.state["authentication"].authenticate(token)
    await request.state["system_status"].check_owner(identity.username)
    return json_response(await request.state["system_status"].read())
