"""The new session: an account is made, or its password is known, and the browser is signed in."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from gateway.domain.conversations import Conversation
from gateway.domain.tokens import BROWSER_COOKIE, COOKIE
from gateway.pages.error_messages import errors_of_other_fields, explain
from gateway.pages.page_request import PageRequest
from gateway.pages.service_client import Refused, ServiceAnswer, ask, form_body, json_body, tell
from servicekit.problems import Refusal

BROWSER_KNOWN_S = 180 * 24 * 3600  # as long as the auth service knows one
LOBBY = Conversation.in_room("lobby")
ACCOUNT_FIELDS = ("username", "email", "password")


class NewSession(msgspec.Struct, frozen=True):
    """`page` asks as the person who has just signed in."""

    page: PageRequest
    token: str
    expires_in_s: int
    browser: str

    def lead_to(self, path: str, notice: str = "") -> Response:
        """There, with the cookies of the session."""
        response = self.page.redirect(path, notice)
        _set_cookie(self.page, response, COOKIE, self.token, self.expires_in_s)
        _set_cookie(self.page, response, BROWSER_COOKIE, self.browser, BROWSER_KNOWN_S)
        return response


async def begin_session(page: PageRequest, username: str, password: str) -> NewSession:
    """Raises Refused, Unavailable."""
    browser = page.browser or secrets.token_urlsafe(16)
    credentials = form_body({"username": username, "password": password})
    answer = await ask(page, "POST", "/api/login", body=credentials, browser=browser)
    session = _done(answer, 200).json()
    token = session["access_token"]
    return NewSession(PageRequest(page.request, token=token), token, session["expires_in"], browser)


async def sign_up(page: PageRequest, form: Mapping[str, str], invitation: str = "") -> NewSession | None:
    """Make the account of the form, and bring who has it to the lobby; None where they have to sign in by themselves.

    Raises Refused, Unavailable.
    """
    account = {name: form.get(name, "") for name in ACCOUNT_FIELDS}
    body = json_body({**account, "invitation": invitation or None})
    username = _done(await ask(page, "POST", "/api/register", body=body), 201).json().get("username", "")
    try:
        session = await begin_session(page, account["username"], account["password"])
    except Refusal:  # the account is there all the same
        return None
    membership = f"{LOBBY.room_path}/members/{quote(username, safe='')}"
    with suppress(Refusal):  # who is not in it is offered to join there
        await tell(session.page, "PUT", membership)
    return session


def typed_of(form: Mapping[str, str]) -> dict[str, str]:
    """What is shown again of an account's form: all but the password."""
    return {name: form.get(name, "") for name in (*ACCOUNT_FIELDS, "invitation") if name != "password"}


def show_again(
    page: PageRequest, template: str, refused: Refused, fields: tuple[str, ...] = ACCOUNT_FIELDS, **context: Any
) -> Response:
    """The form once more, and what was wrong with it; `fields` are those that it shows."""
    error, field_errors = explain(refused.problem, page.gettext)
    if not error:
        error = errors_of_other_fields(field_errors, fields) or page.gettext("Please look at the marked fields.")
    response = page.render(template, refused.status, error=error, field_errors=field_errors, **context)
    response.headers.update(refused.headers)
    return response


def _done(answer: ServiceAnswer, status: int) -> ServiceAnswer:
    if answer.status != status:
        raise Refused(answer.status, answer.problem, answer.headers)
    return answer


def _set_cookie(page: PageRequest, response: Response, name: str, value: str, max_age_s: int) -> None:
    secure = page.request.url.scheme == "https"
    response.set_cookie(name, value, max_age=max_age_s, httponly=True, samesite="lax", secure=secure)
