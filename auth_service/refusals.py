"""How each refusal of the auth service is answered: the HTTP status, and the code."""

from auth_service.domain import refusals as facts
from servicekit.problems import ProblemType, RefusalTable

REFUSALS: RefusalTable = {
    facts.UsernameTaken: ProblemType(409, "username_taken"),
    facts.WrongCredentials: ProblemType(401, "wrong_credentials"),
    facts.WrongPassword: ProblemType(403, "wrong_password"),
    facts.UnknownUser: ProblemType(404, "unknown_user"),
    facts.UnknownSession: ProblemType(404, "unknown_session"),
    facts.Banned: ProblemType(403, "banned"),
    facts.NotAllowed: ProblemType(403, "not_allowed"),
    facts.LastOwner: ProblemType(409, "last_owner"),
    facts.UnknownLink: ProblemType(404, "unknown_link"),
    facts.UnknownRoom: ProblemType(404, "unknown_room"),
    facts.LinkSpent: ProblemType(410, "link_spent"),
    facts.RegistrationClosed: ProblemType(403, "registration_closed"),
    facts.InvitationNeeded: ProblemType(403, "invitation_needed"),
    facts.InvitationSpent: ProblemType(403, "invitation_spent"),
    facts.TooOften: ProblemType(429, "too_many_requests"),
}
