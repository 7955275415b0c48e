"""What auth and chat answer to the pages of who runs the instance."""

from tests.gateway.gateways import System
from tests.gateway.scripted import BROWSER, LATER, Script, refusal

FOR_MODERATORS = ["/admin", "/admin/people", "/admin/people/grace", "/admin/reports", "/admin/audit"]
FOR_MODERATORS += ["/admin/invitations"]
FOR_OWNERS = ["/admin/instance", "/admin/welcome"]
FORMS = {
    "/admin/instance": {"name": "The Society"},
    "/admin/welcome": {"name": "The Society"},
    "/admin/people/grace/ban": {"reason": "spam"},
    "/admin/people/grace/end-ban": {},
    "/admin/people/grace/role": {"role": "moderator"},
    "/admin/people/grace/reset-link": {},
    "/admin/invitations": {"uses_max": "5"},
    "/admin/invitations/end": {"code": "a-code"},
    "/admin/reports": {"id": "7", "state": "resolved"},
    "/invitations": {"uses_max": "5"},
    "/invitations/end": {"code": "a-code"},
}
NOT_ALLOWED = refusal(403, "not_allowed", "Your role does not allow this.")


def somebody(username: str, **more: object) -> dict[str, object]:
    return {"username": username, "nickname": "", "role": "member", "state": "active", "created_at": LATER, **more}


def invitation(number: int, **more: object) -> dict[str, object]:
    url = f"http://h/invite/code-{number}"
    times = {"created_at": LATER, "expires_at": LATER}
    return {"code": f"code-{number}", "url": url, "username": "ada", "good": True, "uses_max": 5, **times, **more}


def report(number: int, **more: object) -> dict[str, object]:
    about = {"reporter": "margaret", "username": "linus", "created_at": LATER, "state": "open"}
    return {"id": number, "text": f"Rude {number}", "reason": "Be kind", **about, **more}


def script(whole: System, role: str = "owner", /, **more: object) -> Script:
    """Ada has that role; what is `more` has keys as `GET_admin/users`."""
    answers: dict[str, object] = {
        "GET /api/user-profile": {"username": "ada", "nickname": "Ada", "pfp": "", "role": role},
        "GET /api/admin/users": [somebody("grace"), somebody("grace2")],
        "GET /api/admin/users/grace": somebody("grace"),
        "POST /api/admin/users/grace/reset-link": {"url": "http://h/reset/secret", "expires_at": LATER},
    }
    if role == "member":
        answers |= {f"{method} /api/admin/users/grace/{what}": NOT_ALLOWED for method, what in _ACTS}
        answers |= {f"GET /api/admin/{what}": NOT_ALLOWED for what in ("users", "users/grace", "audit", "reports")}
        answers |= {"PATCH /api/admin/instance": NOT_ALLOWED, "PATCH /api/admin/reports": NOT_ALLOWED}
        answers |= {"POST /api/invitations": NOT_ALLOWED, "DELETE /api/invitations/a-code": NOT_ALLOWED}
    return Script(whole, {**answers, **{key.replace("_", " /api/", 1): value for key, value in more.items()}})


_ACTS = [("PUT", "ban"), ("DELETE", "ban"), ("PUT", "role"), ("POST", "reset-link")]


def of_ada(whole: System) -> dict[str, str]:
    return {**BROWSER, **whole.cookie()}
