"""What auth and chat answer where somebody comes by a link, or signs up."""

from tests.gateway.gateways import System
from tests.gateway.pages import MARKUP
from tests.gateway.scripted import LATER, Script, Told

ACCOUNT = {"username": "grace", "email": "", "password": "correct horse"}
GOOD = {"good": True, "username": "ada", "room": "garden", "expires_at": LATER}
RESET = {"username": "grace", "expires_at": LATER}
LINK_PAGES = ["/claim/a-code", "/invite/a-code", "/reset/a-code"]
JOINING = "PUT /api/rooms/lobby/members/grace"


def script(whole: System, **more: object) -> Script:
    """All goes well, but for what is `more`, whose keys are as `GET_claim`."""
    answers: dict[str, object] = {
        "POST /api/register": Told({"message": "Done", "id": 7, "username": "grace"}, 201),
        "POST /api/login": {"access_token": whole.issuer.token("grace"), "token_type": "bearer", "expires_in": 60},
        "GET /api/claim/a-code": {"good": True},
        "POST /api/claim/a-code": {"message": "You own this instance"},
        "GET /api/invitations/a-code": GOOD,
        "GET /api/search-user/ada": {"username": "ada", "nickname": f"Ada {MARKUP}", "pfp": ""},
        "GET /api/reset/a-code": RESET,
        "POST /api/reset/a-code": {"message": "Password changed", "username": "grace", "sessions_ended": 1},
        "POST /api/invitations": Told({}, 201),
    }
    return Script(whole, {**answers, **{key.replace("_", " /api/", 1): value for key, value in more.items()}})


def named(whole: System, **instance: object) -> None:
    whole.issuer.instance.update(name="The Society", **instance)
