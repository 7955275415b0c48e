"""The HTTP interface: parses and authorises, leaves the rest to the actions, and says what they answered.

Fields that a body does not name are ignored: forms and clients send more than we ask for.
"""

from starlette.requests import Request
from starlette.routing import Route

from auth_service.domain.instance import InstanceChange
from auth_service.domain.rules import DESCRIPTION_LENGTH_MAX, INSTANCE_NAME_LENGTH_MAX, STATUS_LENGTH_MAX
from auth_service.refusals import REFUSALS
from auth_service.routes import (
    instance,
    internal,
    invitations,
    moderation,
    passwords,
    profiles,
    registration,
    resets,
    sessions,
)
from auth_service.routes.passwords import EmailChange, PasswordChange
from auth_service.routes.profiles import AvatarForm, NicknameForm, StatusForm, UsersQuery
from auth_service.routes.registration import RegistrationBody
from auth_service.routes.resets import NewPassword
from auth_service.state import State
from servicekit import contract, health, status
from servicekit.contract import Limits
from servicekit.routing import route
from servicekit.texts import LINE_PATTERN, SEEN_LINE_PATTERN


def _limits(request: Request[State]) -> Limits:
    """Of what people may choose; those of a password that is only compared are nobody's business."""
    rules = request.state["rules"]
    return {
        (RegistrationBody, "username"): rules.username_limits,
        (RegistrationBody, "password"): rules.password_limits,
        (RegistrationBody, "email"): rules.email_limits,
        (PasswordChange, "new_password"): rules.password_limits,
        (NewPassword, "password"): rules.password_limits,
        (EmailChange, "email"): rules.email_limits,
        (InstanceChange, "name"): {"minLength": 1, "maxLength": INSTANCE_NAME_LENGTH_MAX, "pattern": SEEN_LINE_PATTERN},
        (InstanceChange, "description"): {"maxLength": DESCRIPTION_LENGTH_MAX},
        (NicknameForm, "nickname"): rules.nickname_limits,
        (StatusForm, "status"): {"maxLength": STATUS_LENGTH_MAX, "pattern": LINE_PATTERN},
        (AvatarForm, "avatar_url"): rules.avatar_url_limits,
        (UsersQuery, "query"): rules.part_limits,
        (UsersQuery, "limit"): {"minimum": 1, "maximum": rules.users_found_max},
    }


_PUBLIC: list[Route] = [
    route("/register", POST=registration.register),
    route("/api/register", POST=registration.register_with_email),
    route("/api/user/login", POST=sessions.sign_in),
    route("/api/login", POST=sessions.sign_in_by_form),
    route("/api/refresh", POST=sessions.refresh),
    route("/api/logout", POST=sessions.sign_out),
    route("/api/sessions", GET=sessions.list_sessions),
    route("/api/sessions/{sid}", DELETE=sessions.end_session),
    route("/api/change-password", POST=passwords.change_password),
    route("/api/change-email", POST=passwords.change_email),
    route("/api/account", DELETE=passwords.erase_account),
    route("/api/search-user/{username}", GET=profiles.search_user),
    route("/api/users", GET=profiles.list_users),
    route("/api/people", GET=profiles.find_people),
    route("/api/profiles", GET=profiles.read_profiles),
    route("/api/user-profile", GET=profiles.own_profile),
    route("/api/update-nickname", POST=profiles.update_nickname),
    route("/api/update-status", POST=profiles.update_status),
    route("/api/update-avatar", POST=profiles.update_avatar),
    route("/api/instance", GET=instance.read_instance),
    route("/api/claim/{code}", GET=instance.read_claim, POST=instance.claim),
    route("/api/invitations", GET=invitations.list_invitations, POST=invitations.invite),
    route("/api/invitations/{code}", GET=invitations.read_invitation, DELETE=invitations.end_invitation),
    route("/api/invitations/{code}/qr.svg", GET=invitations.draw_invitation),
    route("/api/reset/{code}", GET=resets.read_reset, POST=resets.reset),
    route("/api/admin/instance", PATCH=instance.change_instance),
    route("/api/admin/users", GET=moderation.list_people),
    route("/api/admin/users/{username}", GET=moderation.read_person),
    route("/api/admin/users/{username}/ban", PUT=moderation.ban, DELETE=moderation.end_ban),
    route("/api/admin/users/{username}/role", PUT=moderation.set_role),
    route("/api/admin/users/{username}/reset-link", POST=resets.make_reset_link),
    route("/api/admin/audit", GET=moderation.read_audit),
    route("/.well-known/jwks.json", GET=internal.key_set),
]
ROUTES: list[Route] = [
    *_PUBLIC,
    route("/internal/revocations", GET=internal.revocations),
    route("/internal/known-device", GET=internal.known_device),
    route("/internal/profiles", GET=internal.profiles),
    route("/internal/roles/{username}", GET=internal.role),
    route("/internal/orders", GET=internal.orders),
    *contract.routes(_PUBLIC, REFUSALS, _limits),
    *health.service_routes(),
    *status.routes(internal.count),
]
